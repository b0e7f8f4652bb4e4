"""Starts the pack, as the engine does with the folder of one."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pulumi_policy import EnforcementLevel, PolicyPack

from policy.pack import policies

PolicyPack("home-cluster", policies(), EnforcementLevel.MANDATORY)
