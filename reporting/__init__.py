"""What an operation of the engine does and did, told to people and programs: in the lab and on real providers alike."""
