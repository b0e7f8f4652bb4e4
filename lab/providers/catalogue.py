"""Everything the lab simulates: the packages, and the controllers that keep the world in motion."""

from __future__ import annotations

from collections.abc import Sequence

from lab.clock import Clock
from lab.providers import chains, scripts
from lab.providers.authentik import package as authentik_package
from lab.providers.generators import command, random, tls
from lab.providers.kubernetes import chart_state, jobs, load_balancers, serving, workloads
from lab.providers.kubernetes.jobs import Behaviour
from lab.providers.kubernetes.package import package as kubernetes_package
from lab.providers.operators import cert_manager, cloudnative_pg, external_secrets, flux, reflector, reloader
from lab.providers.package import Package
from lab.providers.proxmox.package import package as proxmox_package
from lab.providers.talos import accounts
from lab.providers.talos.package import package as talos_package
from lab.providers.vault.package import package as vault_package
from lab.providers.vault.server import initialise, run_vaults
from lab.site import Controller, Site
from lab.world import World

CONTROLLERS: tuple[Controller, ...] = (
    serving.register_definitions,
    load_balancers.give_addresses,
    workloads.run_workloads,
    workloads.give_ingress_addresses,
    chart_state.run_releases,
    run_vaults,
    cert_manager.run,
    external_secrets.run,
    cloudnative_pg.run,
    flux.run,
    accounts.run,
    reflector.run,
    reloader.run,
)
_CONTAINERS: tuple[Behaviour, ...] = (chains.execute, initialise, scripts.execute)


def packages() -> list[Package]:
    """One of each simulated package."""
    return [
        kubernetes_package(),
        vault_package(),
        authentik_package.package(),
        proxmox_package(),
        talos_package(),
        random.package(),
        tls.package(),
        command.package(),
    ]


def open_site(world: World, *, grace: float, pace: float, containers: Sequence[Behaviour] = ()) -> Site:
    """The site of a world, with every controller; `containers` of Jobs are known beside those of the program."""
    controllers = (*CONTROLLERS, jobs.controller((*_CONTAINERS, *containers)))
    return Site(world, Clock(world, grace=grace, pace=pace), controllers)
