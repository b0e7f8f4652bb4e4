"""Passwords of Harbor's robots (`harbor.robots`), and the Secrets with which images are pulled."""

from collections.abc import Collection, Iterator

from components.harbor import pull_secret
from components.harbor.names import NAMESPACE
from components.harbor.settings import HarborSettings, RobotAccount
from declarations.extra_secrets import strange_namespaces
from lib.secrets import Reader, SecretDeclaration, literal, password
from settings.model import Settings
from settings.problem import Problem


def declare(settings: Settings) -> list[SecretDeclaration]:
    """A declaration for each robot."""
    return [_declaration(name, robot) for name, robot in settings.section(HarborSettings).robots.items()]


def problems(settings: Settings, known: Collection[str]) -> Iterator[Problem]:
    """Copies to namespaces that nobody makes."""
    for name, robot in settings.section(HarborSettings).robots.items():
        yield from strange_namespaces(f"harbor.robots.{name}.reflectTo", robot.reflect_to, known)


def _declaration(name: str, robot: RobotAccount) -> SecretDeclaration:
    return SecretDeclaration(
        path=pull_secret.secret_path(name),
        fields=(
            literal("username", pull_secret.login(name)),
            # 8 to 128 characters of all three kinds (Harbor 2.15.2, IsValidSec in src/controller/robot/controller.go).
            password("password", mixed=True),
        ),
        readers=(
            Reader(
                namespace=NAMESPACE,
                secret=pull_secret.secret_name(name),
                keeps="Harbor's database",
                follows="a Job tells Harbor the new password; kubelets read the Secret at each pull",
                reflect_to=robot.reflect_to,
            ),
        ),
        # A robot has one password.
        window="pulls and pushes with the old password fail, and with the new one until the Job has run",
    )
