"""The Secret of a robot, as kubelets, Flux and `docker` read it.

Keys beside `.dockerconfigjson` are allowed in a Secret of the type: Kubernetes checks that one only
(pkg/apis/core/validation/validation.go, ValidateSecret).
"""

import json
from collections.abc import Mapping

from components.harbor.declared import ROBOT_PREFIX

TYPE = "kubernetes.io/dockerconfigjson"
CONFIGURATION = ".dockerconfigjson"
GENERATION = "generation"
"""Key with the generation of the password: written together with it, so whoever reads this one reads its password."""


def secret_name(robot: str) -> str:
    """Name of the Secret, in Harbor's namespace and wherever it is copied to."""
    return f"registry-{robot}"


def secret_path(robot: str) -> str:
    """Path in the secret registry."""
    return f"harbor/robot-{robot}"


def login(robot: str) -> str:
    """User name of the robot."""
    return f"{ROBOT_PREFIX}{robot}"


def template(host: str, generation: int) -> Mapping[str, str]:
    """Keys of the Secret as templates of External Secrets, with the variables `username` and `password`.

    Both consist of characters that need no escaping in JSON.
    """
    entry = {
        "username": "{{ .username }}",
        "password": "{{ .password }}",
        "auth": "AUTH",
    }
    text = json.dumps({"auths": {host: entry}})
    return {
        CONFIGURATION: text.replace("AUTH", '{{ printf "%s:%s" .username .password | b64enc }}'),
        GENERATION: str(generation),
    }
