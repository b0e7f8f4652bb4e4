"""What Harbor holds: projects, registries and robots of the stack file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.probe import Probe, ProbeArgs, script
from lib.harbor.content import content
from settings.harbor import Harbor

_SECONDS = 900
_EVERY_HOUR = "17 * * * *"
_LOGINS = "/robots"


@dataclass(frozen=True, kw_only=True)
class RobotLogin:
    """Name of the Secret of a robot (lib/harbor/pull_secret.py), and the generation of its password."""

    secret_name: pulumi.Input[str]
    generation: int


@dataclass(frozen=True, kw_only=True)
class HarborContentArgs:
    """Section `harbor` of the stack file, and where its API is reached as whom.

    Attributes:
        admin_secret: Secret whose key `password` is the administrator's.
        ca_config_map: ConfigMap whose `ca.crt` signed Harbor's certificate.
        robots: Login of each robot.
        serving: What Harbor's API needs: its release, ready.
        release: Digest of that release.
    """

    namespace: pulumi.Input[str]
    settings: Harbor
    admin_secret: pulumi.Input[str]
    ca_config_map: pulumi.Input[str]
    robots: Mapping[str, RobotLogin]
    serving: Sequence[pulumi.Resource]
    release: pulumi.Input[str]


class HarborContent(pulumi.ComponentResource):
    """Creates `<name>`: a Probe that makes Harbor hold what the stack file says, and does so again every hour.

    The Job runs anew when the section or the generation of a robot's password changes. Changes by hand come back with
    the hourly run; a preview does not show them (docs/adr/0015).

    Attributes:
        ready: Gate: everything is there, with the rights, quotas and passwords that were declared.
    """

    ready: pulumi.Resource

    def __init__(self, name: str, args: HarborContentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:harbor_content:HarborContent", name, None, opts)
        generations = {robot: login.generation for robot, login in args.robots.items()}
        probe = Probe(
            name,
            ProbeArgs(
                namespace=args.namespace,
                source=script("harbor_content"),
                environment={
                    "HARBOR_URL": f"https://{args.settings.host}",
                    "CONTENT": json.dumps(content(args.settings, generations), sort_keys=True),
                    "LOGINS": _LOGINS,
                    # The script gives up before the Job does, so that its last words are in the log.
                    "SECONDS": str(_SECONDS - 180),
                },
                secrets={"HARBOR_PASSWORD": (args.admin_secret, "password")},
                ca_config_map=args.ca_config_map,
                volumes=[
                    (
                        {"name": f"robot-{robot}", "secret": {"secretName": login.secret_name}},
                        {"name": f"robot-{robot}", "mountPath": f"{_LOGINS}/{robot}", "readOnly": True},
                    )
                    for robot, login in args.robots.items()
                ],
                after=args.serving,
                proves=[args.release],
                seconds=_SECONDS,
                again=_EVERY_HOUR,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.ready = probe.job
        self.register_outputs({})
