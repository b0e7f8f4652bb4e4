"""The programs that the tests run, each pinned by a go.mod below `tools/`, and which of them a suite needs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.files import SetupError
from tools.go_build import Source


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program that tests run.

    Attributes:
        name: Of the program.
        suite: It is built from `tools/<suite>/go.mod`, mostly for `make test-<suite>`.
        target: The target of make that builds it, where that is another.
        module: The Go module, whose version in that file is the pin.
        package: Go package of its main function.
        version_variable: Of the linker, where a build from a module does not know its version by itself.
        tags: Build tags, separated by commas.
        asking: Its arguments that print the version.
        duration: About how long a build takes, for people to read.
    """

    name: str
    suite: str
    target: str = ""
    module: str
    package: str
    version_variable: str = ""
    tags: str = ""
    asking: Sequence[str] = ("version",)
    duration: str

    def pinned(self, root: Path) -> str:
        """The version in its go.mod, such as `1.21.0`. Raises `SetupError` where there is none."""
        place = f"tools/{self.suite}/go.mod"
        match = re.search(rf"^(?:require)?\s*{re.escape(self.module)} v(\S+)", (root / place).read_text(), re.MULTILINE)
        if match is None:
            raise SetupError(f"{place} does not require {self.module}.")
        return match[1]

    def source(self, root: Path) -> Source:
        """How it is built."""
        version = self.pinned(root)
        variable = f" -X {self.version_variable}=v{version}" if self.version_variable else ""
        return Source(
            name=self.name,
            version=version,
            package=self.package,
            module=root / "tools" / self.suite,
            # Without symbols.
            flags=("-ldflags", f"-s -w{variable}", *(("-tags", self.tags) if self.tags else ())),
            duration=self.duration,
            asking=self.asking,
        )


VAULT = Program(
    name="vault",
    suite="vault",
    module="github.com/hashicorp/vault",
    # The web interface needs a build of its own, so this server has none.
    package="github.com/hashicorp/vault",
    duration="about fifteen minutes on two cores",
)
ETCD = Program(
    name="etcd",
    suite="kubernetes",
    module="go.etcd.io/etcd/server/v3",
    package="go.etcd.io/etcd/server/v3",
    asking=("--version",),
    duration="about a minute on two cores",
)
ETCDUTL = Program(
    name="etcdutl",
    suite="kubernetes",
    module="go.etcd.io/etcd/etcdutl/v3",
    package="go.etcd.io/etcd/etcdutl/v3",
    duration="some seconds",
)
"""Restores a snapshot with the package by which Talos does (etcdutl/snapshot)."""
API_SERVER = Program(
    name="kube-apiserver",
    suite="kubernetes",
    module="k8s.io/kubernetes",
    package="k8s.io/kubernetes/cmd/kube-apiserver",
    version_variable="k8s.io/component-base/version.gitVersion",
    asking=("--version",),
    duration="about four minutes on two cores",
)
HELM = Program(
    name="helm",
    suite="kubernetes",
    module="helm.sh/helm/v3",
    package="helm.sh/helm/v3/cmd/helm",
    version_variable="helm.sh/helm/v3/internal/version.version",
    asking=("version", "--short"),
    duration="about a minute on two cores",
)
CONTROLLER_MANAGER = Program(
    name="kube-controller-manager",
    suite="kubernetes",
    target="test-real",
    module="k8s.io/kubernetes",
    package="k8s.io/kubernetes/cmd/kube-controller-manager",
    version_variable="k8s.io/component-base/version.gitVersion",
    asking=("--version",),
    duration="about two minutes on two cores, after kube-apiserver",
)
SCHEDULER = Program(
    name="kube-scheduler",
    suite="kubernetes",
    target="test-real",
    module="k8s.io/kubernetes",
    package="k8s.io/kubernetes/cmd/kube-scheduler",
    version_variable="k8s.io/component-base/version.gitVersion",
    asking=("--version",),
    duration="half a minute, after kube-controller-manager",
)
KWOK = Program(
    name="kwok",
    suite="kubernetes",
    target="test-real",
    module="sigs.k8s.io/kwok",
    package="sigs.k8s.io/kwok/cmd/kwok",
    asking=("--version",),
    duration="about a minute on two cores",
)
"""Plays the kubelets: nodes are there, pods become ready, those of Jobs end."""
KUBERNETES_PROVIDER = Program(
    name="kubernetes-provider",
    suite="kubernetes_provider",
    target="test-real",
    module="github.com/pulumi/pulumi-kubernetes/provider/v4",
    package="home-cluster/tools/kubernetes_provider",
    asking=("-version",),
    duration="about ten minutes on two cores",
)
EXTERNAL_SECRETS = Program(
    name="external-secrets",
    suite="external_secrets",
    target="test-real",
    module="github.com/external-secrets/external-secrets",
    package="home-cluster/tools/external_secrets",
    asking=("-version",),
    duration="about ten minutes on two cores",
)
CERT_MANAGER = Program(
    name="cert-manager",
    suite="cert_manager",
    target="test-real",
    module="github.com/cert-manager/cert-manager",
    package="home-cluster/tools/cert_manager",
    asking=("-version",),
    duration="about two minutes on two cores",
)
PEBBLE = Program(
    name="pebble",
    suite="dns",
    module="github.com/letsencrypt/pebble/v2",
    package="github.com/letsencrypt/pebble/v2/cmd/pebble",
    version_variable="main.version",
    asking=("-version",),
    duration="some seconds",
)
DNS_CLIENT = Program(
    name="dns-client",
    suite="dns",
    module="github.com/cert-manager/cert-manager",
    package="home-cluster/tools/dns/client",
    asking=("-version",),
    duration="about two minutes on two cores",
)
"""Of this project; after a change of its source, the one in the cache has to be removed."""
PROMTOOL = Program(
    name="promtool",
    suite="rules",
    module="github.com/prometheus/prometheus",
    package="github.com/prometheus/prometheus/cmd/promtool",
    version_variable="github.com/prometheus/common/version.Version",
    # Not the clients of every cloud, in which a server would look for what to read.
    tags="remove_all_sd",
    asking=("--version",),
    duration="about four minutes on two cores",
)
AGE = Program(
    name="age",
    suite="backup",
    target="test-vault",
    module="filippo.io/age",
    package="filippo.io/age/cmd/age",
    version_variable="main.Version",
    asking=("--version",),
    duration="some seconds",
)
"""Of the release in `lib.images.AGE`."""
AGE_KEYGEN = Program(
    name="age-keygen",
    suite="backup",
    target="test-vault",
    module="filippo.io/age",
    package="filippo.io/age/cmd/age-keygen",
    version_variable="main.Version",
    asking=("--version",),
    duration="some seconds",
)
RCLONE = Program(
    name="rclone",
    suite="backup",
    target="test-vault",
    module="github.com/rclone/rclone",
    package="home-cluster/tools/backup/rclone",
    version_variable="github.com/rclone/rclone/fs.Version",
    duration="about two minutes on two cores",
)
"""With what backups need of it alone."""
RESTIC = Program(
    name="restic",
    suite="volumes",
    module="github.com/restic/restic",
    package="github.com/restic/restic/cmd/restic",
    asking=("version",),
    duration="about three minutes on two cores",
)
"""Of the release of the image that the program runs (lib/images.py)."""
VERSITYGW = Program(
    name="versitygw",
    suite="databases",
    module="github.com/versity/versitygw",
    package="github.com/versity/versitygw/cmd/versitygw",
    version_variable="main.Version",
    asking=("--version",),
    duration="about three minutes on two cores",
)
ACTIONLINT = Program(
    name="actionlint",
    suite="actionlint",
    module="github.com/rhysd/actionlint",
    package="github.com/rhysd/actionlint/cmd/actionlint",
    asking=("-version",),
    duration="some seconds",
)
"""No server: `make check` lets it read the workflows."""
GITLEAKS = Program(
    name="gitleaks",
    suite="gitleaks",
    target="secret-scan",
    module="github.com/zricethezav/gitleaks/v8",
    package="github.com/zricethezav/gitleaks/v8",
    version_variable="github.com/zricethezav/gitleaks/v8/version.Version",
    # Its patterns by RE2, which takes a third of the time (regexp/wasilibs_regex.go).
    tags="gore2regex",
    duration="about a minute on two cores",
)
"""The repository is github.com/gitleaks/gitleaks, whose go.mod keeps its first name."""
GOVULNCHECK = Program(
    name="govulncheck",
    suite="govulncheck",
    target="audit",
    module="golang.org/x/vuln",
    package="golang.org/x/vuln/cmd/govulncheck",
    asking=("-version",),
    duration="some seconds",
)
SUITES: Mapping[str, Sequence[Program]] = {
    "vault": (VAULT,),
    "kubernetes": (ETCD, API_SERVER, HELM, ETCDUTL),
    "dns": (PEBBLE, DNS_CLIENT),
    "rules": (PROMTOOL,),
    "backup": (AGE, AGE_KEYGEN, RCLONE),
    "volumes": (RESTIC,),
    "real": (
        *(ETCD, API_SERVER, CONTROLLER_MANAGER, SCHEDULER, KWOK, HELM),
        *(KUBERNETES_PROVIDER, VAULT, EXTERNAL_SECRETS, CERT_MANAGER),
    ),
    "databases": (VERSITYGW, RCLONE),
}
