"""What holds of every resource that the program declares, under any stack file: small pure functions over a plain view.

`make invariants STACK=<name>` asks them of a stack file, the tests of the program under many, and `policy/` of an
operation while it runs. docs/invariants.md lists them.
"""
