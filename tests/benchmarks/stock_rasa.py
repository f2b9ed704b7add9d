"""Owns the other side of the comparison: one model with a rule for each intent, and stock `rasa run` over it."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.nlu.provision import Provision, default_provision
from bot.nlu.server.configuration import rasa_keys
from tests.benchmarks.processes import answers, completed, started
from tests.benchmarks.provider import ACCOUNT, NUMBER, TOKEN
from tests.journeys.processes import ROOT, free_port, until

CHANNEL = "tests.benchmarks.rasa_channel.StandInTwilio"
REPLY = "We heard you: {intent}. Go to high ground, keep your phone dry, and call 193 if anybody is in danger."
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rasa:
    """Where stock Rasa listens, and its process."""

    webhook: str
    parse: str
    process: asyncio.subprocess.Process


def say(line: str) -> None:
    """Progress; the results alone go to standard output."""
    print(line, file=sys.stderr, flush=True)


def provision() -> Provision:
    """The NLU environment, made if it is missing. Raises ProvisionError."""
    found = default_provision(say=say)
    if not found.python.exists():
        found.ensure()
    return found


async def ensure_model(nlu: Provision, scratch: Path) -> Path:
    """The model that both sides load: config.yml's pipeline plus RulePolicy, made by `rasa train` and kept."""
    model = nlu.folder / "bench" / f"{nlu.fingerprint()}.tar.gz"
    if model.exists():
        return model
    say("Training one model for both sides (`rasa train`; a minute or two, once for these data) ...")
    folder = scratch / "training"
    write_project(folder, nlu.config, nlu.training_files())
    await completed(
        *(str(nlu.python), "-W", "ignore", "-m", "rasa", "train", "--config", "config.yml", "--data", "data"),
        *("--domain", "domain.yml", "--out", "models", "--fixed-model-name", "model", "--quiet"),
        folder=folder,
        log=scratch / "training.log",
        environment={**ENVIRONMENT, "MUSTER_NLU_VECTORS": str(nlu.folder / "vectors.npz")},
    )
    shutil.rmtree(model.parent, ignore_errors=True)  # of older data
    model.parent.mkdir(parents=True)
    shutil.move(folder / "models" / "model.tar.gz", model)
    return model


def write_project(folder: Path, config: Path, training: Sequence[Path]) -> None:
    """A Rasa project: our pipeline and data, each intent answered by one rule with one text."""
    (folder / "data").mkdir(parents=True)
    intents: dict[str, None] = {}
    for file in training:
        document = yaml.safe_load(file.read_text("utf-8"))
        for item in document["nlu"]:
            if "intent" in item:
                intents[item["intent"]] = None
                item["metadata"] = {**item.get("metadata", {}), "language": file.stem}  # as bot.nlu.server.training
        _write(folder / "data" / file.name, document)
    _write(
        folder / "data" / "rules.yml", {"version": "3.1", "rules": [_rule(name) for name in (*intents, "nlu_fallback")]}
    )
    _write(folder / "domain.yml", _domain(list(intents)))
    keys = yaml.safe_load(rasa_keys(config.read_text("utf-8")))
    # `rasa train` insists on a language, which no component of this pipeline asks for.
    _write(folder / "config.yml", {**keys, "language": "en", "policies": [{"name": "RulePolicy"}]})


def _rule(intent: str) -> dict[str, Any]:
    return {"rule": f"answer {intent}", "steps": [{"intent": intent}, {"action": f"utter_{intent}"}]}


def _domain(intents: list[str]) -> dict[str, Any]:
    responses = {f"utter_{name}": [{"text": REPLY.format(intent=name)}] for name in (*intents, "nlu_fallback")}
    return {"version": "3.1", "intents": intents, "responses": responses}


def _write(path: Path, document: object) -> None:
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=10_000), "utf-8")


@asynccontextmanager
async def stock_rasa(nlu: Provision, model: Path, scratch: Path, *, api_url: str) -> AsyncIterator[Rasa]:
    """`rasa run` as documented, its Twilio channel turned to `api_url`."""
    port = free_port()
    credentials = {"account_sid": ACCOUNT, "auth_token": TOKEN, "twilio_number": NUMBER, "api_url": api_url}
    folder = scratch / "rasa"
    folder.mkdir()
    _write(folder / "credentials.yml", {CHANNEL: credentials})
    async with started(
        *(str(nlu.python), "-W", "ignore", "-m", "rasa", "run", "--enable-api", "--credentials", "credentials.yml"),
        *("--model", str(model), "--interface", "127.0.0.1", "--port", str(port)),
        folder=folder,
        log=scratch / "rasa.log",
        environment=ENVIRONMENT,
    ) as process:
        await until(lambda: answers(f"http://127.0.0.1:{port}/status"), "stock Rasa answers", seconds=180)
        base = f"http://127.0.0.1:{port}"
        yield Rasa(webhook=f"{base}/webhooks/twilio/webhook", parse=f"{base}/model/parse", process=process)
