"""Owns the commands: `python -m bot COMMAND`."""

import argparse
import asyncio
import getpass
import importlib
import secrets
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from bot import administration, config, log, run
from bot.domain.contact import Channel
from bot.domain.errors import InputError, MusterError
from bot.domain.staff import STAFF_ROLES, Role
from bot.queue.embedded import EmbeddedRedisError
from bot.storage.crypto import make_key

Command = Callable[[config.Settings, argparse.Namespace], int]
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; problems go to standard error, one a line, and the exit code is 1."""
    options = _parser().parse_args(arguments)
    log.configure(level=options.log_level, as_json=options.log_json)
    try:
        command: Command = options.command
        return command(config.load(), options)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        for line in dict.fromkeys(_problems(error)):
            print(line, file=sys.stderr)
        return 1


def _problems(error: BaseException) -> Iterator[str]:
    """What went wrong, a line each. An error that nobody foresaw is named but not quoted: it may hold what a contact
    wrote."""
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _problems(part)
    elif isinstance(error, MusterError | EmbeddedRedisError):
        yield str(error)
    elif isinstance(error, OSError):
        yield f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"
    else:
        yield f"Muster failed: {log.place_of(error)}. This is a fault of the program: report it with this line."


def _serve(service: Coroutine[object, object, None]) -> None:
    """Run what serves for long, on the faster loop where the system has one."""
    factory = None if sys.platform == "win32" else importlib.import_module("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(service)


def _run(settings: config.Settings, options: argparse.Namespace) -> int:
    _serve(run.run(settings, is_demo=options.demo))
    return 0


def _web(settings: config.Settings, _: argparse.Namespace) -> int:
    _serve(run.run_web(run.with_home(settings)))
    return 0


def _worker(settings: config.Settings, _: argparse.Namespace) -> int:
    _serve(run.run_worker(run.with_home(settings)))
    return 0


def _alive(settings: config.Settings, _: argparse.Namespace) -> int:
    return 0 if run.is_worker_alive(settings, time.time()) else 1


def _key(_: config.Settings, __: argparse.Namespace) -> int:
    print(make_key(f"k{secrets.token_hex(3)}"))
    return 0


def _nlu(settings: config.Settings, _: argparse.Namespace) -> int:
    asyncio.run(run.run_nlu(settings))
    return 0


def _nlu_report(settings: config.Settings, options: argparse.Namespace) -> int:
    return administration.nlu_report(settings, as_json=options.json)


def _check(settings: config.Settings, options: argparse.Namespace) -> int:
    return administration.run_check(settings, draw=options.draw, extract=options.extract, schema=options.schema)


def _simulate(settings: config.Settings, options: argparse.Namespace) -> int:
    asyncio.run(administration.simulate(settings, channel=Channel(options.channel), language=options.language))
    return 0


def _import_places(settings: config.Settings, options: argparse.Namespace) -> int:
    return asyncio.run(
        administration.import_places(
            run.with_home(settings), options.file, is_dry_run=options.dry_run, skips_bad=options.skip_bad
        )
    )


def _import_roster(settings: config.Settings, options: argparse.Namespace) -> int:
    return asyncio.run(
        administration.import_roster(
            run.with_home(settings),
            options.file,
            employer=options.employer,
            is_dry_run=options.dry_run,
            skips_bad=options.skip_bad,
            marks_leavers=options.leavers,
        )
    )


def _user_add(settings: config.Settings, options: argparse.Namespace) -> int:
    return asyncio.run(
        administration.add_user(
            run.with_home(settings),
            login=options.login,
            name=options.name,
            role=Role(options.role),
            password=_new_password(options),
            employer=options.employer,
            employer_name=options.employer_name,
            languages=tuple(options.language),
            enrols_later=options.enrol_later,
        )
    )


def _user_renew(settings: config.Settings, options: argparse.Namespace) -> int:
    return asyncio.run(
        administration.renew_user(run.with_home(settings), login=options.login, password=_new_password(options))
    )


def _user_disable(settings: config.Settings, options: argparse.Namespace) -> int:
    return asyncio.run(administration.disable_user(run.with_home(settings), login=options.login))


def _new_password(options: argparse.Namespace) -> str:
    """From standard input's first line, or asked for twice; never an argument, which everybody on the machine sees."""
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass(f"Password for {options.login}: ")
    if getpass.getpass("Once more: ") != password:
        raise InputError("The two passwords differ: nothing was done.")
    return password


def _audit_verify(settings: config.Settings, _: argparse.Namespace) -> int:
    return asyncio.run(administration.verify_audit(run.with_home(settings)))


def _migrate(settings: config.Settings, _: argparse.Namespace) -> int:
    return asyncio.run(administration.migrate_store(run.with_home(settings)))


def _rotate(settings: config.Settings, _: argparse.Namespace) -> int:
    return asyncio.run(administration.rotate_keys(run.with_home(settings)))


def _backup(settings: config.Settings, options: argparse.Namespace) -> int:
    return asyncio.run(administration.back_up(run.with_home(settings), options.file))


def _restore(settings: config.Settings, options: argparse.Namespace) -> int:
    return asyncio.run(administration.restore(run.with_home(settings), options.file, replaces=options.replace))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="muster", description="Reach migrant workers in a crisis, and hear them.")
    parser.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    parser.add_argument("--log-json", action="store_true", help="logs as JSON lines")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_services(commands)
    _add_tools(commands)
    _add_imports(commands)
    _add_accounts(commands)
    audit = commands.add_parser("audit", help="what staff looked at and changed").add_subparsers(required=True)
    _add(audit, "verify", _audit_verify, "whether the audit's chain is whole")
    _add(commands, "migrate", _migrate, "bring the database to this version")
    _add(commands, "rotate", _rotate, "encrypt everything anew with the first of MUSTER_KEYS")
    _add(commands, "backup", _backup, "write everything into one encrypted file").add_argument("file", type=Path)
    restored = _add(commands, "restore", _restore, "put a backup back, without whoever was erased since")
    restored.add_argument("file", type=Path)
    restored.add_argument("--replace", action="store_true", help="in place of all that is in the database now")
    return parser


def _add(to: Commands, name: str, command: Command, about: str) -> argparse.ArgumentParser:
    added = to.add_parser(name, help=about, description=about)
    added.set_defaults(command=command)
    return added


def _add_services(commands: Commands) -> None:
    _add(commands, "run", _run, "everything in one process tree").add_argument(
        "--demo", action="store_true", help="with the demo scenario and stand-in phones"
    )
    _add(commands, "web", _web, "the public side alone: webhooks, web chat, health")
    _add(commands, "worker", _worker, "a worker alone: answers and sends")
    _add(commands, "alive", _alive, "whether the worker of this data folder ticks: for a container's health check")
    _add(commands, "key", _key, "make an encryption key for MUSTER_KEYS")
    _add(commands, "nlu", _nlu, "the NLU server alone")


def _add_tools(commands: Commands) -> None:
    report = _add(commands, "nlu-report", _nlu_report, "how well messages are understood, on the evaluation sets")
    report.add_argument("--json", action="store_true")
    about = "all problems of configuration, flows, actions, texts and intents, with file and line"
    check = _add(commands, "check", _check, about)
    check.add_argument("--draw", type=Path, metavar="FOLDER", help="write a Mermaid drawing of each flow")
    check.add_argument("--extract", action="store_true", help="write locales/*.pot: every text to translate")
    check.add_argument("--schema", action="store_true", help="write flows/schema.json, for editors")
    simulate = _add(commands, "simulate", _simulate, "a conversation on the terminal")
    simulate.add_argument("--language", help="the phone's language, such as ne")
    simulate.add_argument("--channel", default="sms", choices=[channel.value for channel in Channel])


def _add_imports(commands: Commands) -> None:
    imports = commands.add_parser("import", help="bring data in", description="bring data in")
    kinds = imports.add_subparsers(required=True, metavar="WHAT")
    places = _add(kinds, "places", _import_places, "places and phone numbers, from CSV or XLSX")
    roster = _add(kinds, "roster", _import_roster, "an employer's people, from CSV or XLSX")
    for table in (places, roster):
        table.add_argument("file", type=Path)
        table.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
        table.add_argument("--skip-bad", action="store_true", help="import the good rows although others are wrong")
    roster.add_argument("--employer", required=True, metavar="ID", help="whose people these are")
    roster.add_argument("--leavers", action="store_true", help="mark those who are not in the file as having left")


def _add_accounts(commands: Commands) -> None:
    accounts = commands.add_parser("user", help="accounts of staff", description="accounts of staff")
    deeds = accounts.add_subparsers(required=True, metavar="WHAT")
    new = _add(deeds, "add", _user_add, "a new account; asks for its password and prints its second factor")
    renewed = _add(deeds, "renew", _user_renew, "a forgotten password or a lost phone: both begin anew")
    disabled = _add(deeds, "disable", _user_disable, "end an account")
    new.add_argument("--login", required=True, help="one word, such as a mail address")
    for known in (renewed, disabled):
        known.add_argument("--login", required=True)
    new.add_argument("--name", required=True, help="the person's name, as colleagues see it")
    new.add_argument("--role", required=True, choices=[role.value for role in STAFF_ROLES])
    new.add_argument("--employer", metavar="ID", help="whose author or approver this is")
    new.add_argument("--employer-name", metavar="NAME", default="", help="makes the employer if it is a new one")
    new.add_argument("--language", action="append", default=[], help="of the person, such as es; may be given twice")
    new.add_argument("--enrol-later", action="store_true", help="have the first sign-in show the QR code")
    for asking in (new, renewed):
        asking.add_argument("--password-stdin", action="store_true", help="read it from standard input")


if __name__ == "__main__":
    sys.exit(main())
