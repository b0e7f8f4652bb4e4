"""One edge server, by SSH."""

import shlex
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi_command import remote

from lib.kubernetes import digest
from settings.edge import Ssh

_INSTALL = Path(__file__).with_name("install.sh")
_SECONDS = 300
"""A server that has neither program yet downloads both."""


@dataclass(frozen=True)
class Marked:
    """A configuration and the mark in it, by which a process that has taken it is known."""

    mark: str
    text: str


@dataclass(frozen=True, kw_only=True)
class EdgeServerArgs:
    """One server and what it runs.

    Attributes:
        private_key: Of the SSH key that lets this program in, secret.
        haproxy: Text of its configuration for the mark that it is to carry (components/edge/haproxy.py).
        dnsdist: Text of its configuration; None where it answers no DNS.
    """

    ssh: Ssh
    private_key: pulumi.Input[str]
    haproxy: Marked
    dnsdist: str | None = None


class EdgeServer(pulumi.ComponentResource):
    """Creates:

    - `<name>-haproxy`: a command over SSH that installs HAProxy where it is missing, has it examine the configuration,
      and puts it in place of the old one, which stays when it is refused. It runs again, in place, when that changes;
      when it goes, HAProxy stops.
    - `<name>-dnsdist`: the same for dnsdist, where the server answers DNS.
    """

    def __init__(self, name: str, args: EdgeServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:edge/server:EdgeServer", name, None, opts)
        self._args = args
        self._program(name, "haproxy", args.haproxy)
        if args.dnsdist is not None:
            self._program(name, "dnsdist", Marked(digest(args.dnsdist), args.dnsdist))
        self.register_outputs({})

    def _program(self, name: str, program: str, configuration: Marked) -> None:
        ssh = self._args.ssh
        remote.Command(
            f"{name}-{program}",
            connection=remote.ConnectionArgs(
                host=ssh.host,
                port=ssh.port,
                user=ssh.user,
                host_key=ssh.host_key,
                private_key=pulumi.Output.secret(self._args.private_key),
            ),
            create=install(program, configuration.mark, ssh.user),
            delete=f"{_sudo(ssh.user)}systemctl disable -q --now {program}",
            stdin=configuration.text,
            # Of no use to the next run, and SSH servers refuse such variables (AcceptEnv).
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions(
                parent=self,
                custom_timeouts=pulumi.CustomTimeouts(create=f"{_SECONDS}s", update=f"{_SECONDS}s"),
            ),
        )


def install(program: str, mark: str, user: str) -> str:
    """The command that takes a configuration of `haproxy` or `dnsdist` from standard input (install.sh)."""
    script = shlex.quote(_INSTALL.read_text(encoding="utf-8"))
    return f"{_sudo(user)}sh -euc {script} install {program} {shlex.quote(mark)}"


def _sudo(user: str) -> str:
    return "" if user == "root" else "sudo -n "
