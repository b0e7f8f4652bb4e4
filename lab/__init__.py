"""The embedded lab: the real Pulumi engine and the unchanged program, against simulated providers.

The program never knows that the lab is there. The lab serves a gRPC provider for each package the program uses,
attaches them with `PULUMI_DEBUG_PROVIDERS` and drives the engine through the Automation API. What the providers create
lives in a simulated world (`lab.world`), so an operation can find what an earlier one left, and drift can be staged.
"""
