"""What Authentik 2026.8 knows of the objects that blueprints make, and a check of a document against it.

The server ignores a misspelt field and its published schema allows one, so a typo would only show as a login that does
not work. Field names, required fields and values are those of the request models of the API client 2026.8.5
(goauthentik/client-python), with the fields that only blueprints may set (key of a token, password of a user).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.components.authentik.blueprints.documents import tags


@dataclass(frozen=True)
class Model:
    """Fields of a model, those it needs, and the values of those that are enumerations."""

    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)


def _model(required: str, optional: str = "", **values: str) -> Model:
    return Model(
        frozenset(required.split()),
        frozenset(optional.split()),
        {name: frozenset(allowed.split()) for name, allowed in values.items()},
    )


_ENGINE = {"policy_engine_mode": "all any"}
MODELS: Mapping[str, Model] = {
    "authentik_brands.brand": _model(
        "domain",
        "default branding_title branding_logo branding_favicon branding_custom_css branding_default_flow_background "
        "branding_map_tiles flow_authentication flow_user_switch flow_invalidation flow_recovery flow_unenrollment "
        "flow_user_settings flow_device_code flow_lockdown flow_request default_application web_certificate "
        "client_certificates attributes",
    ),
    "authentik_core.application": _model(
        "name slug",
        "provider backchannel_providers open_in_new_tab meta_launch_url meta_icon meta_description meta_publisher "
        "policy_engine_mode group meta_hide",
        **_ENGINE,
    ),
    "authentik_core.group": _model("name", "is_superuser parents users attributes roles"),
    "authentik_core.token": _model(
        "identifier user intent",
        "key managed description expires expiring",
        intent="verification api recovery app_password",
    ),
    "authentik_core.user": _model(
        "username name",
        "is_active groups roles email attributes path type last_login password password_hash",
        type="internal external service_account",
    ),
    "authentik_flows.flow": _model(
        "name slug title designation",
        "background policy_engine_mode compatibility_mode layout denied_action authentication",
        designation="authentication authorization invalidation enrollment unenrollment recovery stage_configuration",
        authentication="none require_authenticated require_unauthenticated require_superuser require_redirect "
        "require_outpost require_token",
        **_ENGINE,
    ),
    "authentik_flows.flowstagebinding": _model(
        "target stage order",
        "evaluate_on_plan re_evaluate_policies policy_engine_mode invalid_response_action",
        invalid_response_action="retry restart restart_with_context",
        **_ENGINE,
    ),
    "authentik_outposts.outpost": _model(
        "name type providers config", "service_connection managed", type="proxy ldap radius rac"
    ),
    "authentik_policies.policybinding": _model(
        "target order", "policy group user negate enabled timeout failure_result"
    ),
    "authentik_policies_expression.expressionpolicy": _model("name expression", "execution_logging"),
    "authentik_policies_password.passwordpolicy": _model(
        "name",
        "execution_logging password_field amount_digits amount_uppercase amount_lowercase amount_symbols length_min "
        "symbol_charset error_message check_static_rules check_have_i_been_pwned check_zxcvbn hibp_allowed_count "
        "zxcvbn_score_threshold",
    ),
    "authentik_policies_reputation.reputationpolicy": _model(
        "name", "execution_logging check_ip check_username threshold"
    ),
    "authentik_providers_oauth2.oauth2provider": _model(
        "name authorization_flow invalidation_flow redirect_uris",
        "authentication_flow property_mappings client_type grant_types client_id client_secret access_code_validity "
        "access_token_validity refresh_token_validity refresh_token_threshold include_claims_in_id_token signing_key "
        "encryption_key logout_uri logout_method sub_mode issuer_mode jwt_federation_sources jwt_federation_providers",
        client_type="confidential public",
        grant_types="authorization_code implicit hybrid refresh_token client_credentials password "
        "urn:ietf:params:oauth:grant-type:device_code urn:ietf:params:oauth:grant-type:token-exchange",
        sub_mode="hashed_user_id user_id user_uuid user_username user_email user_upn",
        issuer_mode="global per_provider",
        logout_method="backchannel frontchannel",
    ),
    "authentik_providers_oauth2.scopemapping": _model("name expression scope_name", "managed description"),
    "authentik_providers_proxy.proxyprovider": _model(
        "name authorization_flow invalidation_flow external_host",
        "authentication_flow property_mappings internal_host internal_host_ssl_validation certificate skip_path_regex "
        "basic_auth_enabled basic_auth_password_attribute basic_auth_user_attribute mode intercept_header_auth "
        "cookie_domain jwt_federation_sources jwt_federation_providers access_token_validity refresh_token_validity",
        mode="proxy forward_single forward_domain",
    ),
    "authentik_stages_authenticator_validate.authenticatorvalidatestage": _model(
        "name",
        "not_configured_action device_classes configuration_stages last_auth_threshold webauthn_user_verification "
        "webauthn_hints webauthn_allowed_device_types",
        not_configured_action="skip deny configure",
        device_classes="static totp webauthn duo sms email",
        webauthn_user_verification="required preferred discouraged",
    ),
    "authentik_stages_deny.denystage": _model("name", "deny_message"),
    "authentik_stages_prompt.prompt": _model(
        "name field_key label type",
        "required placeholder initial_value order sub_text placeholder_expression initial_value_expression",
        type="text text_area text_read_only text_area_read_only username email password number checkbox "
        "radio-button-group dropdown date date-time file separator hidden static alert_info alert_warning "
        "alert_danger ak-locale",
    ),
    "authentik_stages_prompt.promptstage": _model("name fields", "validation_policies"),
    "authentik_stages_user_login.userloginstage": _model(
        "name",
        "session_duration terminate_other_sessions remember_me_offset network_binding geoip_binding remember_device",
    ),
    "authentik_stages_user_write.userwritestage": _model(
        "name",
        "user_creation_mode create_users_as_inactive create_users_group user_type user_path_template",
        user_creation_mode="never_create create_when_required always_create",
    ),
}
_REDIRECT_URI = _model(
    "matching_mode url",
    "redirect_uri_type",
    matching_mode="strict regex",
    redirect_uri_type="authorization logout",
)
_ENTRY = frozenset({"model", "id", "state", "conditions", "identifiers", "attrs", "permissions"})


def problems(document: Mapping[str, Any]) -> list[str]:
    """Everything that Authentik would refuse, or ignore although it was meant."""
    found = list(_unknown("document", document, frozenset({"version", "metadata", "context", "entries"})))
    if document.get("version") != 1:
        found.append("version must be 1")
    found += _unknown("metadata", document.get("metadata", {}), frozenset({"name", "labels"}))
    earlier: set[str] = set()
    for entry in document["entries"]:
        found += _entry(entry, earlier)
        if "id" in entry:
            earlier.add(entry["id"])
    return found


def _entry(entry: Mapping[str, Any], earlier: set[str]) -> Iterator[str]:
    yield from _unknown("entry", entry, _ENTRY)
    model = MODELS.get(entry["model"])
    if model is None:
        yield f"{entry['model']} is no model of the table"
        return
    if not entry.get("identifiers"):
        yield f"{entry['model']} has no identifiers"
    if entry.get("state") == "absent":
        # Only what finds the object counts; the importer forgives the rest.
        yield from _unknown(entry["model"], entry["identifiers"], model.required | model.optional)
        yield from (f"{entry['model']} is deleted and changed at once" for _ in entry.get("attrs", {}))
        return
    if entry.get("state", "present") not in ("present", "created"):
        yield f"{entry['model']}: {entry['state']} is no state that this program uses"
    yield from _object(entry["model"], model, {**entry.get("identifiers", {}), **entry.get("attrs", {})})
    for tag in tags(entry):
        if tag.name == "KeyOf" and tag.value not in earlier:
            yield f"{entry['model']}: !KeyOf {tag.value} names no earlier entry"


def _object(where: str, model: Model, given: Mapping[str, Any]) -> Iterator[str]:
    yield from _unknown(where, given, model.required | model.optional)
    for name in sorted(model.required - given.keys()):
        yield f"{where} needs {name}"
    for name, allowed in model.values.items():
        for value in _listed(given.get(name, [])):
            if value not in allowed:
                yield f"{where}.{name} is {value!r}, not one of {', '.join(sorted(allowed))}"
    for uri in given.get("redirect_uris", []):
        yield from _object(f"{where}.redirect_uris", _REDIRECT_URI, uri)


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _unknown(where: str, given: Mapping[str, Any], known: frozenset[str]) -> Iterator[str]:
    for name in sorted(given.keys() - known):
        yield f"{where} has no field {name}"
