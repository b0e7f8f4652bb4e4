"""What an edge server runs: real HAProxy and dnsdist (Debian's packages) with what the program writes for them."""
