"""One double of each service outside the program: stateful, strict, and able to lie where a test asks for it.

Used by the lab and the tests, never by the program.
"""
