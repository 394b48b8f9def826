"""The command line: one command a noun, its module loaded only when it is asked for.

Exit codes: 0 done or verified, 1 refused or a mistake in the input, 2 could not check or wrong
usage, 3 our own store is damaged. A user's mistake shows its sentences, never a traceback.
"""

from __future__ import annotations

import importlib
import os
import sys

import click

from lightwell.base import errors
from lightwell.files import disk

# Command to the module and attribute that hold it, so that the plain install never imports the site.
COMMANDS = {
    "approve": ("lightwell.cli.disclose", "approve"),
    "audit-seal": ("lightwell.cli.audit", "audit_seal"),
    "backup": ("lightwell.cli.copies", "backup"),
    "bundle": ("lightwell.cli.bundle", "bundle"),
    "challenge": ("lightwell.cli.challenge", "challenge"),
    "check": ("lightwell.cli.check", "check"),
    "company": ("lightwell.cli.organisation", "company"),
    "dataset": ("lightwell.cli.dataset", "dataset"),
    "demo": ("lightwell.sample.demo", "demo"),
    "disclose": ("lightwell.cli.disclose", "disclose"),
    "document": ("lightwell.cli.document", "document"),
    "doctor": ("lightwell.cli.doctor", "doctor"),
    "figures": ("lightwell.cli.figures", "figures"),
    "follow": ("lightwell.cli.follow", "follow"),
    "gaps": ("lightwell.cli.verify", "gaps"),
    "init": ("lightwell.cli.begin", "init"),
    "inventory": ("lightwell.cli.inventory", "inventory"),
    "journal": ("lightwell.cli.organisation", "journal"),
    "keys": ("lightwell.cli.keys", "keys"),
    "ledger": ("lightwell.cli.ledger", "ledger"),
    "lift": ("lightwell.cli.disclose", "lift"),
    "log": ("lightwell.cli.log", "log"),
    "monitor": ("lightwell.cli.monitor", "monitor"),
    "organisation": ("lightwell.cli.organisation", "organisation"),
    "person": ("lightwell.cli.person", "person"),
    "proposals": ("lightwell.cli.disclose", "list_proposals"),
    "redaction": ("lightwell.cli.redaction", "redaction"),
    "query": ("lightwell.cli.query", "query"),
    "publish": ("lightwell.cli.publication", "publish"),
    "reinstate": ("lightwell.cli.suspension", "reinstate"),
    "reject": ("lightwell.cli.disclose", "reject"),
    "seal": ("lightwell.cli.publication", "seal"),
    "restore": ("lightwell.cli.copies", "restore"),
    "search": ("lightwell.cli.search", "search"),
    "serve": ("lightwell.cli.serving", "serve"),
    "suspend": ("lightwell.cli.suspension", "suspend"),
    "verify": ("lightwell.cli.verify", "verify"),
    "withdraw": ("lightwell.cli.disclose", "withdraw"),
    "witness": ("lightwell.cli.witness", "witness"),
    "worker": ("lightwell.cli.serving", "worker"),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands for `--help` without importing any, so that the plain install lists them too."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command when it is asked for; None for a name that is none, and click says so."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=LazyGroup)
@click.version_option(package_name="lightwell")
def lightwell() -> None:
    """Publish research about online child safety so that anybody can check it."""


def main() -> None:
    """Run the command line and turn the project's errors into sentences and exit codes."""
    try:
        _check_words(sys.argv[1:])
        lightwell.main(standalone_mode=True)
    except errors.LightwellError as error:
        click.echo(str(error), err=True)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        # The plain install verifies and fetches; whatever else is asked of it needs the packages of a site.
        if (error.name or "lightwell").partition(".")[0] == "lightwell":
            raise
        click.echo(
            f"this needs the Python package {error.name}; install it with: pip install "
            f"'lightwell[{_name_extra(error.name or '', sys.argv[1:])}]'",
            err=True,
        )
        sys.exit(errors.CouldNotCheck.exit_code)
    except Exception as error:
        if isinstance(error, OSError) and (sentence := _explain_named(error, sys.argv[1:])):
            click.echo(sentence, err=True)
            sys.exit(errors.UserMistake.exit_code)
        # By name, because the plain install has no Django; anything else stays a bug with its traceback.
        database = type(error).__module__ == "django.db.utils"
        if (database or isinstance(error, OSError)) and (sentence := disk.explain_error(error)):
            click.echo(sentence, err=True)
            sys.exit(errors.Damaged.exit_code)
        if not database:
            raise
        reason = str(error).splitlines()[0]
        if "database is locked" in reason:
            click.echo(
                "another process is writing to the database; wait a moment, then run this again", err=True
            )
            sys.exit(errors.CouldNotCheck.exit_code)
        click.echo(
            f"the database refused: {reason}; after an update run lightwell init, else doctor", err=True
        )
        sys.exit(errors.Damaged.exit_code)


def _name_extra(package: str, words: list[str]) -> str:
    """Name the extra that brings a package; private queries have one of their own."""
    if package.partition(".")[0] == "psycopg":
        return "postgres"
    return "query" if words[:1] in (["query"], ["dataset"], ["ledger"]) else "site"


def _check_words(words: list[str]) -> None:
    """Refuse words that are no text, as a terminal of another character set sends them; paths may be any."""
    for word in words:
        if word != word.encode("utf-8", "replace").decode() and not os.path.lexists(word):
            raise errors.UserMistake(
                f"{word!a} is not UTF-8 text; type it again in a terminal that uses UTF-8"
            )


def _explain_named(error: OSError, words: list[str]) -> str | None:
    """Explain an error of the system about a file that the user named; None when it is about another."""
    name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
    values = [word.partition("=")[2] if word.startswith("--") else word for word in words]
    places = {place for word in values if word for place in (word, os.path.abspath(word))}
    if not name or error.errno in disk.OPERATORS or not any(name.startswith(place) for place in places):
        return None
    return f"{name}: {error.strerror}; name another file or folder, or see whether this account may use it"
