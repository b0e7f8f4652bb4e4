"""The parts of a backup, in the order in which they come back."""

from tools.backups import databases, etcd, etcd_bench, state, state_bench, vault, vault_bench, volumes, volumes_bench
from tools.backups.part import Part
from tools.databases import bench as databases_bench

PARTS: tuple[Part, ...] = (
    Part(
        name=state.NAME,
        holds="the Pulumi state, the stack file, the files that it names",
        last=state.last,
        due=state.due,
        plan=state.plan,
        bench=state_bench.bench,
    ),
    Part(
        name=etcd.NAME,
        holds="every object of Kubernetes, with its Secrets",
        last=etcd.last,
        due=etcd.due,
        plan=etcd.plan,
        bench=etcd_bench.bench,
        with_all=False,  # docs/adr/0054-when-etcd-comes-back-from-a-snapshot.md
    ),
    Part(
        name=vault.NAME,
        holds="all that Vault holds, and the keys that open it",
        last=vault.last,
        due=vault.due,
        plan=vault.plan,
        bench=vault_bench.bench,
    ),
    Part(
        name=databases.NAME,
        holds="Postgres: base backups, and its log since then",
        last=databases.last,
        due=databases.due,
        plan=databases.plan,
        bench=databases_bench.bench,
    ),
    Part(
        name=volumes.NAME,
        holds="what people stored beside the databases: repositories, images, files of chat",
        last=volumes.last,
        due=volumes.due,
        plan=volumes.plan,
        bench=volumes_bench.bench,
        of_services=True,
    ),
)
