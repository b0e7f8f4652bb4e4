"""Checks of chat across the stack file."""

from collections.abc import Iterator

from components.matrix.settings import MatrixSettings
from lib.acme import PRODUCTION
from lib.kubernetes import mebibytes
from settings.model import Settings
from settings.problem import Problem


def administrators_of_chat_may_log_in(settings: Settings) -> Iterator[Problem]:
    matrix = settings.section(MatrixSettings)
    if matrix.admin_group is None:
        return
    for username, user in settings.identity.users.items():
        if matrix.admin_group in user.groups and matrix.user_group not in user.groups:
            yield Problem(
                f"identity.users.{username}.groups",
                matrix.admin_group,
                f"gives no login to chat without matrix.userGroup {matrix.user_group}",
                f"add {matrix.user_group}",
            )


def administrators_have_an_interface(settings: Settings) -> Iterator[Problem]:
    matrix = settings.section(MatrixSettings)
    if matrix.admin_host is not None and matrix.admin_group is None:
        yield Problem(
            "matrix.adminHost",
            matrix.admin_host,
            "would let nobody in without matrix.adminGroup",
            "name the group of the administrators, or remove the line",
        )


def other_servers_trust_the_certificates(settings: Settings) -> Iterator[Problem]:
    """The rest of the world verifies them as browsers do (Matrix specification, server-server API, section TLS)."""
    matrix, issuer = settings.section(MatrixSettings), settings.certificates.issuer
    if matrix.federation and not matrix.federation_servers and issuer != PRODUCTION:
        yield Problem(
            "matrix.federation",
            "true",
            f"offers all servers of the world certificates of certificates.issuer {issuer}, which none of them trusts",
            "name in matrix.federationServers those that were told to trust it, or use false",
        )


def servers_are_named_for_federation(settings: Settings) -> Iterator[Problem]:
    matrix = settings.section(MatrixSettings)
    for server in matrix.federation_servers:
        if not matrix.federation:
            yield Problem(
                "matrix.federationServers",
                server,
                "is never talked to while matrix.federation is false",
                "use matrix.federation true, or remove the line",
            )
        elif server == matrix.server_name:
            yield Problem(
                "matrix.federationServers", server, "is this server itself, matrix.serverName", "remove the line"
            )


def an_upload_fits(settings: Settings) -> Iterator[Problem]:
    matrix = settings.section(MatrixSettings)
    if mebibytes(f"{matrix.max_upload_size}i") >= mebibytes(matrix.media_size):
        yield Problem(
            "matrix.maxUploadSize",
            matrix.max_upload_size,
            f"does not fit on the volume of matrix.mediaSize {matrix.media_size}",
            "use a smaller size or a larger volume",
        )


def the_domain_of_user_ids_is_no_other_service(settings: Settings) -> Iterator[Problem]:
    """Its host serves the delegation, with a certificate of its own. Synapse's own host may be the domain."""
    matrix = settings.section(MatrixSettings)
    if not matrix.enabled:
        return
    owners = {host: key for key, host in settings.own_hosts.items() if not key.startswith("matrix")}
    owners.pop(settings.cluster.domain, None)  # of which that host is told
    owners |= {
        application.host: f"identity.applications.{slug}.host"
        for slug, application in settings.identity.applications.items()
    }
    if matrix.server_name in owners:
        domain = settings.cluster.domain
        such = "" if domain in owners else f", such as {domain}"
        yield Problem(
            "matrix.serverName",
            matrix.server_name,
            f"is already {owners[matrix.server_name]}",
            f"use a domain that is no host of another service{such}",
        )


def user_ids_are_of_the_domain(settings: Settings) -> Iterator[Problem]:
    """Its name must lead here, which nobody can arrange for the domain of somebody else."""
    name, domain = settings.section(MatrixSettings).server_name, settings.cluster.domain
    if not f".{name}".endswith(f".{domain}") and not domain.endswith(f".{name}"):
        clash = f"has nothing to do with cluster.domain {domain}"
        yield Problem("matrix.serverName", name, clash, f"use {domain}, or a domain above or below it")


ALL = (
    administrators_of_chat_may_log_in,
    administrators_have_an_interface,
    other_servers_trust_the_certificates,
    servers_are_named_for_federation,
    an_upload_fits,
    the_domain_of_user_ids_is_no_other_service,
    user_ids_are_of_the_domain,
)
