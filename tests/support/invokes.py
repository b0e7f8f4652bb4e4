"""What the provider functions answer that the program calls; any other is an error of the test."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.support.outputs import Inputs, Issuer


def _machine_configuration(arguments: Inputs, issuer: Issuer) -> Inputs:
    issuer.cluster_endpoint = str(arguments["clusterEndpoint"])
    owner = f"machine configuration of {arguments['machineType']}"
    kubelet = f"kubelet: {{image: 'kubelet:v{arguments['kubernetesVersion']}'}}"
    machine = f"machine: {{token: {issuer.text(owner)}, {kubelet}}}"
    documents = ["version: v1alpha1", machine, *arguments.get("configPatches", [])]
    return {"id": arguments["clusterName"], "machineConfiguration": "\n---\n".join(documents), **arguments}


def _client_configuration(arguments: Inputs, issuer: Issuer) -> Inputs:
    owner = f"talosconfig of {arguments['clusterName']}"
    text = f"context: {arguments['clusterName']}\ncontexts: {{key: {issuer.encoded_pem(owner)}}}\n"
    return {"id": arguments["clusterName"], "talosConfig": text, **arguments}


def _image_urls(arguments: Inputs, issuer: Issuer) -> Inputs:
    del issuer
    base = f"factory.talos.dev/installer/{arguments['schematicId']}:{arguments['talosVersion']}"
    return {"id": "urls", "urls": {"installer": base, "diskImage": f"https://{base}.raw.xz"}, **arguments}


def _stack_outputs(arguments: Inputs, issuer: Issuer) -> Inputs:
    del issuer
    return {"name": arguments["name"], "outputs": {}, "secretOutputNames": []}  # there was no update yet


ANSWERS: Mapping[str, Callable[[Inputs, Issuer], Mapping[str, Any]]] = {
    "talos:machine/getConfiguration:getConfiguration": _machine_configuration,
    "talos:client/getConfiguration:getConfiguration": _client_configuration,
    "talos:imageFactory/getUrls:getUrls": _image_urls,
    "pulumi:pulumi:readStackOutputs": _stack_outputs,
}
