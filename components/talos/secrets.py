"""Talos' secrets, and what turns them into arguments of other calls."""

from dataclasses import dataclass

import pulumi
from pulumiverse_talos import client, cluster, machine


@dataclass(frozen=True, kw_only=True)
class TalosSecretsArgs:
    """The release whose configuration format is used: that of the cluster's birth."""

    version_contract: str


class TalosSecrets(pulumi.ComponentResource):
    """Creates `<name>`: the CAs, keys and tokens of the cluster. Losing them loses the cluster, yet they are not
    protected: a protected resource would make the one command that removes a cluster fail. The backup is the state.

    Attributes:
        secrets: The resource. Hand it to the functions of this module, never its outputs to an invoke: these keep
            snake_case names, which the provider reports as missing fields (pulumiverse/pulumi-talos issues 93, 103).
        cluster_id: Identity of the cluster, secret; another one is another cluster.
    """

    secrets: machine.Secrets
    cluster_id: pulumi.Output[str]

    def __init__(self, name: str, args: TalosSecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("home-cluster:talos/secrets:TalosSecrets", name, None, opts)
        self.secrets = machine.Secrets(
            name,
            talos_version=args.version_contract,
            opts=pulumi.ResourceOptions(
                parent=self,
                # Everything derived is secret by this. Output.secret would turn the typed outputs into plain mappings.
                additional_secret_outputs=["machineSecrets", "clientConfiguration"],
            ),
        )
        self.cluster_id = self.secrets.machine_secrets.apply(lambda kept: kept.cluster.id)
        self.register_outputs({})


def machine_secrets(secrets: machine.Secrets) -> pulumi.Output[machine.MachineSecretsArgs]:
    """Argument `machine_secrets` of `machine.get_configuration_output`, secret."""

    def rebuild(kept: machine.outputs.MachineSecretsResult) -> machine.MachineSecretsArgs:
        certificates = kept.certs
        return machine.MachineSecretsArgs(
            certs=machine.CertificatesArgs(
                etcd=_pair(certificates.etcd),
                k8s=_pair(certificates.k8s),
                os=_pair(certificates.os),
                k8s_aggregator=_pair(certificates.k8s_aggregator),
                k8s_serviceaccount=machine.KeyArgs(key=certificates.k8s_serviceaccount.key),
            ),
            cluster=machine.ClusterArgs(id=kept.cluster.id, secret=kept.cluster.secret),
            secrets=machine.KubernetesSecretsArgs(
                bootstrap_token=kept.secrets.bootstrap_token,
                secretbox_encryption_secret=kept.secrets.secretbox_encryption_secret,
                aescbc_encryption_secret=kept.secrets.aescbc_encryption_secret,
            ),
            trustdinfo=machine.TrustdInfoArgs(token=kept.trustdinfo.token),
        )

    return secrets.machine_secrets.apply(rebuild)


def _pair(certificate: machine.outputs.CertificateResult) -> machine.CertificateArgs:
    return machine.CertificateArgs(cert=certificate.cert, key=certificate.key)


def node_client(secrets: machine.Secrets) -> pulumi.Output[machine.ClientConfigurationArgs]:
    """Argument `client_configuration` of the resources in `machine`, secret."""
    return secrets.client_configuration.apply(
        lambda kept: machine.ClientConfigurationArgs(
            ca_certificate=kept.ca_certificate,
            client_certificate=kept.client_certificate,
            client_key=kept.client_key,
        )
    )


def kubeconfig_client(secrets: machine.Secrets) -> pulumi.Output[cluster.KubeconfigClientConfigurationArgs]:
    """Argument `client_configuration` of `cluster.Kubeconfig`, secret."""
    return secrets.client_configuration.apply(
        lambda kept: cluster.KubeconfigClientConfigurationArgs(
            ca_certificate=kept.ca_certificate,
            client_certificate=kept.client_certificate,
            client_key=kept.client_key,
        )
    )


def talosconfig_client(
    secrets: machine.Secrets,
) -> pulumi.Output[client.GetConfigurationClientConfigurationArgs]:
    """Argument `client_configuration` of `client.get_configuration_output`, secret."""
    return secrets.client_configuration.apply(
        lambda kept: client.GetConfigurationClientConfigurationArgs(
            ca_certificate=kept.ca_certificate,
            client_certificate=kept.client_certificate,
            client_key=kept.client_key,
        )
    )
