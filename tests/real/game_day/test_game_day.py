"""Each disaster ends by what the runbooks say, typed as a person types it into the shell of the game day."""

import subprocess
from pathlib import Path

import pytest

from tools import real_programs, real_servers
from tools.backups.store import BackupError
from tools.databases import barman, postgres
from tools.files import UnavailableError
from tools.game_day.__main__ import SCENES, played
from tools.game_day.ground import Ground
from tools.game_day.scene import Disaster
from tools.real_programs import Program

pytestmark = pytest.mark.real

BACKUP = (real_programs.AGE, real_programs.RCLONE, real_programs.VERSITYGW)
NEEDED: dict[Disaster, tuple[Program, ...]] = {
    **dict.fromkeys((Disaster.VAULT, Disaster.VAULT_SEALED), (real_programs.VAULT, *BACKUP)),
    **dict.fromkeys((Disaster.DATABASES, Disaster.MISTAKE), BACKUP[1:]),
    Disaster.ETCD: (real_programs.ETCD, real_programs.ETCDUTL, *BACKUP),
}
RUNBOOKS = Path(__file__).parents[3] / "docs" / "runbooks"
VAULT = """
kubectl -n vault get secret vault-keys -o jsonpath='{.data}' | grep vault-root
fails kubectl -n vault exec vault-0 -c vault -- vault status
fails make up STACK=home
make restore STACK=home WHAT=vault KEY=key.txt ARGS=--check | grep 'with vault-root, vault-unseal-0'
make restore STACK=home WHAT=vault KEY=key.txt YES=home 2>&1 | grep 'step 2 is yours'
make refresh STACK=home && make up STACK=home
"""
# Steps of a person are done one by one where nobody can be asked.
ETCD = """
fails kubectl get nodes
eval "$(make -s access STACK=home)"
fails talosctl -n 10.2.1.1,10.2.1.2,10.2.1.3 service etcd
make up STACK=home ARGS=--cluster-down
restore() {
  make restore STACK=home WHAT=etcd FROM=latest KEY=key.txt YES=home ARGS="--left=$1 --begun=2026-11-27T00:00:00Z" 2>&1
}
restore 6 | grep 'step 3 is yours'
fails restore 3
for one in 1 2 3; do talosctl -n 10.2.1.$one reset --graceful=false --reboot --system-labels-to-wipe=EPHEMERAL; done
talosctl -n 10.2.1.1 service etcd | grep Preparing
restore 3 | grep 'step 6 is yours'
talosctl -n 10.2.1.1 etcd members
make drift STACK=home | grep 'gone: gitea/of-the-program'
make up STACK=home
rm build/home/etcd.snapshot
"""
DATABASES = """
kubectl -n databases get databases,databaseroles | grep true
fails kubectl -n databases logs postgres-1 -c postgres --tail=30
kubectl -n databases describe pod postgres-1 | grep Pending
kubectl -n databases get objectstore postgres -o yaml | grep firstRecoverabilityPoint
sed -i 's/^  home-cluster:databases:$/&\\n    archive: 2\\n    recovery: {archive: 1, holdOff: true}/' Pulumi.home.yaml
make preview STACK=home | grep DELETED
make up STACK=home
kubectl cnpg psql postgres -n databases -- gitea -c 'select to_timestamp(max(updated_unix)) from repository'
fails make status STACK=home
sed -i 's/, holdOff: true//' Pulumi.home.yaml
make up STACK=home
"""


def one_database() -> str:
    """The commands of that section, with the moment in the log of Gitea."""
    section = (RUNBOOKS / "databases.md").read_text(encoding="utf-8").partition("### One database or one table")[2]
    blocks = [part.partition("```")[0] for part in section.split("```console")[1:]]
    moment = "moment=$(date -u -d \"$(kubectl -n gitea logs deployment/gitea | cut -d' ' -f1) - 1 second\" +%FT%TZ)"
    wanted = [block.replace("2026-11-27T10:00:00Z", '"$moment"') for block in blocks if "-t issue" not in block]
    return "\n".join([moment, *wanted])


SCRIPTS = {
    Disaster.VAULT: VAULT,
    Disaster.VAULT_SEALED: VAULT,
    Disaster.DATABASES: DATABASES,
    Disaster.MISTAKE: one_database(),
    Disaster.ETCD: ETCD,
}


def typed(ground: Ground, script: str) -> subprocess.CompletedProcess[str]:
    """What a person types in that shell, which ends where a command fails."""
    fails = 'fails() { if "$@"; then exit 9; fi }'
    text = f". ./env\nset -e\n{fails}\n{script}"
    return subprocess.run(["/bin/bash", "-c", text], cwd=ground.folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("disaster", SCENES)
def test_a_disaster_ends_by_its_runbook(disaster: Disaster, tmp_path: Path) -> None:
    try:
        for program in NEEDED[disaster]:
            real_servers.find(program)
        if real_programs.AGE not in NEEDED[disaster]:
            postgres.programs()
            barman.find()
    except (BackupError, UnavailableError) as error:
        pytest.skip(str(error))
    with played(disaster, tmp_path / "ground") as game:
        before = typed(game.ground, "make status STACK=home")
        assert (before.returncode, before.stderr.splitlines()[-1]) == (1, "not yet")
        done = typed(game.ground, f"set -x\n{SCRIPTS[disaster]}\nmake status STACK=home")
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        assert done.stdout.endswith("home is whole: the game day is over\n")
