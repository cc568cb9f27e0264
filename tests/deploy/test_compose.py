"""What deploy/compose.yaml promises; there is no container engine here to start it."""

import ipaddress
import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml  # type: ignore[import-untyped]

from app.cli import cli

ROOT = Path(__file__).parents[2]
NGINX = (ROOT / "deploy" / "nginx.conf").read_text()
GUIDE = (ROOT / "docs" / "how-to" / "behind-nginx.md").read_text()

TEXT = (ROOT / "deploy" / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
FRONT = SERVICES["nginx"]
REPLICAS = {name: service for name, service in SERVICES.items() if name != "nginx"}


def test_nginx_asks_every_replica_and_nobody_else() -> None:
    asked = re.findall(r"server (\S+):8000 ", NGINX)

    assert asked == list(REPLICAS)


def test_nginx_knows_each_replica_by_its_fixed_address() -> None:
    (network,) = COMPOSE["networks"]["inside"]["ipam"]["config"]
    fixed = {name: each["networks"]["inside"]["ipv4_address"] for name, each in REPLICAS.items()}

    assert FRONT["extra_hosts"] == [f"{name}:{address}" for name, address in fixed.items()]
    subnet = ipaddress.ip_network(network["subnet"])
    assert all(ipaddress.ip_address(address) in subnet for address in fixed.values())


def test_only_nginx_can_be_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]


def test_nginx_reads_our_configuration_and_keeps_pictures_in_a_volume() -> None:
    (kept,) = re.findall(r"^proxy_cache_path (\S+) ", NGINX, re.MULTILINE)

    assert FRONT["volumes"] == [
        "./nginx.conf:/etc/nginx/conf.d/default.conf:ro",
        f"pictures:{kept}",
    ]


def test_the_guide_names_the_volume_in_which_pictures_are_kept() -> None:
    kept = FRONT["volumes"][-1].partition(":")[0]

    assert re.findall(r"^docker volume rm (.*)$", GUIDE, re.MULTILINE) == [
        f"{COMPOSE['name']}_{kept}"
    ]


@pytest.mark.parametrize("name", REPLICAS)
def test_a_replica_can_only_read_the_data_and_shares_its_cache(name: str) -> None:
    data, cache, reviews = REPLICAS[name]["volumes"]

    assert data.endswith(":/data:ro")
    assert cache == "cache:/cache"
    assert reviews == "reviews:/reviews"


@pytest.mark.parametrize("name", REPLICAS)
def test_a_replica_is_started_with_options_that_there_are(name: str) -> None:
    program, command, *options = REPLICAS[name]["command"]
    group = typer.main.get_group(cli)

    given = group.commands[command].make_context(command, options).params

    assert program == "lightbox"
    assert (given["host"], given["public"], given["workers"]) == ("0.0.0.0", True, 2)


@pytest.mark.parametrize("name", SERVICES)
def test_the_health_of_each_container_is_watched(name: str) -> None:
    assert "/healthz" in " ".join(SERVICES[name]["healthcheck"]["test"])


def test_volumes_that_are_used_are_named() -> None:
    used = {volume.split(":")[0] for each in SERVICES.values() for volume in each["volumes"]}

    assert {name for name in used if name.isalpha()} == set(COMPOSE["volumes"])


@pytest.mark.parametrize("variable", sorted(set(re.findall(r"\$\{(\w+)", TEXT))))
def test_the_guide_explains_what_can_be_set(variable: str) -> None:
    assert f"`{variable}`" in GUIDE


def test_the_guide_names_every_place_where_a_replica_is_named() -> None:
    (told,) = re.findall(
        r"^- \*\*A third replica\*\*: (.*?)(?=^- )", GUIDE, re.MULTILINE | re.DOTALL
    )
    named = set(re.findall(r"^\s*(\w+):.*\breplica-2\b", TEXT, re.MULTILINE))
    named |= {key for key, value in FRONT.items() if "replica-2" in str(value)}
    assert named == {"LIGHTBOX_HOSTS", "extra_hosts", "depends_on"}
    assert [each for each in sorted(named) if f"`{each}`" not in told] == []


def test_every_replica_answers_to_the_name_by_which_it_is_asked_for_metrics() -> None:
    for replica in REPLICAS.values():
        assert replica["environment"]["LIGHTBOX_HOSTS"].split(",") == list(REPLICAS)


def test_the_guide_starts_one_container_as_the_image_is_made() -> None:
    image = (ROOT / "Dockerfile").read_text()
    (command,) = re.findall(r"^CMD (\[.*\])$", image, re.MULTILINE)
    (volumes,) = re.findall(r"^VOLUME (\[.*\])$", image, re.MULTILINE)
    (run,) = re.findall(r"^docker run .*$", GUIDE, re.MULTILINE)
    assert f"`{' '.join(yaml.safe_load(command))}`" in " ".join(GUIDE.split())
    assert [each for each in yaml.safe_load(volumes) if f":{each}" not in run] == []
