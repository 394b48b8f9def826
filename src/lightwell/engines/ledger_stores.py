"""Ledgers that last: in a file of SQLite, or in PostgreSQL where several machines ask.

`open_ledger` opens one. What may happen is decided in `query.ledger`; here a lock is held, the entry appended
and committed before anything returns. The tables only grow (triggers refuse every other change), and a
balance is what the last entry says, so that no second number can contradict the entries. No number is shown
by whoever got an error from here, and what a crash leaves is named at each write.
"""

from __future__ import annotations

import contextlib
import datetime
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from lightwell.base import errors
from lightwell.engines.ledger_database import Database
from lightwell.query import entry as entries
from lightwell.query import ledger
from lightwell.query.cost import Cost
from lightwell.query.entry import Entry
from lightwell.query.ledger import Answer, Ledger, Population, Request

Clock = Callable[[], datetime.datetime]

# An answer is a table of released numbers; a larger one is a mistake that would fill the ledger's disk.
MAX_ANSWER_BYTES = 1 << 26

# How many entries are held at a time while all are verified; more than there will ever be.
_STRIDE, _ALL = 1000, 2**31

_POSTGRES = ("postgresql://", "postgres://")


def open_ledger(place: str | Path, *, is_new: bool = True, clock: Clock | None = None) -> Ledger:
    """Open the ledger at a path (SQLite) or an address postgresql://… and make it where nothing is yet.

    With `is_new` False it must be there. `UserMistake` for a file that is none, `Damaged` for a broken one,
    `CouldNotCheck` where the server does not answer. PostgreSQL's driver is imported only for its addresses.
    """
    if isinstance(place, str) and place.startswith(_POSTGRES):
        try:
            from lightwell.engines import ledger_postgres
        except ModuleNotFoundError as error:
            raise errors.CouldNotCheck(
                f"a ledger in PostgreSQL needs the Python package {error.name}; install it with: "
                "pip install 'lightwell[postgres]'"
            ) from None
        return StoredLedger(ledger_postgres.PostgresDatabase(place, is_new), clock)
    if isinstance(place, str) and "://" in place:
        raise errors.UserMistake(f"a ledger is a file or postgresql://…, not {place.partition('://')[0]}://…")
    from lightwell.engines import ledger_sqlite

    return StoredLedger(ledger_sqlite.SqliteDatabase(Path(place), is_new), clock)


class StoredLedger:
    """A ledger in a database; see `query.ledger.Ledger` for what its methods promise."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or (lambda: datetime.datetime.now(datetime.UTC))

    def open_population(self, population: str, cap: Cost, *, by: str) -> Entry:
        entries.check_name(population, "population")
        with self._database.write(population):
            last = self._find_last(population)
            return self._append(ledger.decide_opening(last, population, cap, by, self._tell_time()))

    def open_grant(
        self,
        population: str,
        grant: str = "",
        cap: Cost | None = None,
        *,
        by: str,
        must_be_first: bool = False,
    ) -> Entry:
        """Open a grant; without a name it gets one by chance, without a cap that of the population."""
        grant = grant or f"grant-{secrets.token_hex(4)}"
        with self._writing(population) as last:
            if must_be_first and self._has_grants(population):
                raise errors.Refused(f"the population {population} has a grant already")
            part = self._find_part(population, entries.check_name(grant, "grant"))
            decided = ledger.decide_grant(last, part, grant, cap or last.whole.cap, by, self._tell_time())
            return self._append(decided)

    def raise_cap(
        self, population: str, cap: Cost, *, by: Sequence[str], reason: str, grant: str = ""
    ) -> Entry:
        with self._writing(population) as last:
            part = self._read_part(population, grant) if grant else None
            return self._append(ledger.decide_raise(last, part, cap, by, reason, self._tell_time()))

    def revoke(self, population: str, grant: str, *, by: str, reason: str) -> Entry:
        with self._writing(population) as last:
            part = self._read_part(population, grant)
            return self._append(ledger.decide_revocation(last, part, by, reason, self._tell_time()))

    def charge(self, request: Request) -> Entry | Answer:
        # Who asks again waits for nobody's lock.
        if (free := self.find_answer(request.population, request.key, request.grant)) is not None:
            return Answer(free)
        # A crash before the end of the block leaves no charge, and nobody has touched data; after it the
        # charge stands, whatever becomes of the answer.
        with self._writing(request.population) as last:
            part = self._read_part(request.population, request.grant, last)
            body = self._find_body(request.population, request.key)
            # It may have been answered since.
            if body is not None and self._is_free(request.population, request.key, request.grant, body):
                return Answer(body)
            ledger.check_version(self._claim_version(request), request)
            charge = self._append(ledger.decide_charge(last, part, request, self._tell_time()))
            if body is None:
                return charge
            # Another grant asked before: charged like any other, and both get the same bytes.
            self._append_answer(charge, charge, body)
            return Answer(body, charge)

    def find_answer(self, population: str, key: str, grant: str = "") -> bytes | None:
        with self._database.read():
            body = self._find_body(population, key)
            return body if body is not None and self._is_free(population, key, grant, body) else None

    def keep_answer(self, charge: Entry, key: str, answer: bytes) -> bytes:
        if len(answer) > MAX_ANSWER_BYTES:
            raise errors.UserMistake(f"an answer has at most {MAX_ANSWER_BYTES} bytes; ask for fewer groups")
        # A crash before the end of the block loses these bytes, and nobody has seen them; the charge stays.
        with self._writing(charge.population) as last:
            if charge.kind != entries.CHARGED or charge.key != key or not self._is_written(charge):
                raise errors.UserMistake("an answer is kept for a charge of this ledger and of this key")
            kept = self._find_body(charge.population, key)
            if kept is None:
                if self._database.run(
                    "SELECT 1 FROM entries WHERE population = ? AND answer_key = ? AND kind = ? LIMIT 1",
                    charge.population,
                    key,
                    entries.ANSWERED,
                ):
                    # A second answer to one question would let noise be averaged away.
                    raise errors.Damaged(f"the answer of {key} was removed; see lightwell ledger verify")
                self._database.run(
                    "INSERT INTO answers (population, answer_key, body) VALUES (?, ?, ?)",
                    charge.population,
                    key,
                    answer,
                )
                kept = answer
            if not self._is_answered(charge):
                self._append_answer(last, charge, kept)
            return kept

    def publish(self, population: str, key: str, *, by: str) -> Entry | None:
        with self._writing(population) as last:
            body = self._find_body(population, key)
            if body is None:
                raise errors.Refused(f"no answer of the population {population} is kept under {key}")
            if self._is_free(population, key, "", body):
                return None
            digest = entries.digest_bytes(body)
            return self._append(ledger.decide_publication(last, key, digest, by, self._tell_time()))

    def read_populations(self) -> list[str]:
        with self._database.read():
            return [row[0] for row in self._database.run("SELECT population FROM heads ORDER BY population")]

    def read_balance(self, population: str) -> Population:
        with self._database.read():
            last = self._read_last(population)
            rows = self._database.run(
                "SELECT digest, body FROM entries WHERE population = ? AND number IN (SELECT max(number) "
                "FROM entries WHERE population = ? AND grant_name <> '' GROUP BY grant_name) "
                "ORDER BY grant_name",
                population,
                population,
            )
        parts = [_read_entry(*row) for row in rows]
        grants = tuple(ledger.Grant(each.grant, population, each.part) for each in parts if each.part)
        return Population(population, last.whole, last.number, entries.compute_digest(last), grants)

    def read_entries(self, population: str, *, last: int | None = None) -> list[Entry]:
        with self._database.read():
            self._read_last(population)
            rows = self._database.run(
                "SELECT digest, body FROM entries WHERE population = ? ORDER BY number DESC LIMIT ?",
                population,
                _ALL if last is None else last,
            )
        return [_read_entry(*row) for row in reversed(rows)]

    def verify(self, heads: Mapping[str, str] | None = None) -> list[Population]:
        heads = heads or {}
        with self._database.read():
            found = self._database.run("SELECT population, number, digest FROM heads ORDER BY population")
            names = [row[0] for row in found]
            strays = self._database.run("SELECT DISTINCT population FROM entries")
            if lost := sorted({row[0] for row in strays} - set(names)):
                raise errors.Damaged(f"the population {lost[0]} has entries and its head was removed")
            if missing := sorted(set(heads) - set(names)):
                raise errors.Damaged(f"the population {missing[0]} is not in this ledger any more")
            chains = [
                self._verify_population(name, number, head, heads.get(name, ""))
                for name, number, head in found
            ]
            self._verify_versions(chains)
        return [each.describe() for each in chains]

    def close(self) -> None:
        self._database.close()

    # What follows runs inside a transaction.

    @contextlib.contextmanager
    def _writing(self, population: str) -> Iterator[Entry]:
        """Hold the lock of a population that is there, and hand out its last entry."""
        with self._database.write(population):
            yield self._read_last(population)

    def _tell_time(self) -> str:
        return entries.format_moment(self._clock())

    def _append(self, decided: Entry) -> Entry:
        """Append an entry and move the head onto it; both or, after a crash, neither."""
        body = entries.format_entry(decided)
        digest = entries.digest_bytes(body)
        self._database.run(
            "INSERT INTO entries (population, number, digest, kind, grant_name, answer_key, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            decided.population,
            decided.number,
            digest,
            decided.kind,
            decided.grant,
            decided.key,
            body.decode(),
        )
        self._database.run(
            "INSERT INTO heads (number, digest, population) VALUES (?, ?, ?)"
            if decided.number == 1
            else "UPDATE heads SET number = ?, digest = ? WHERE population = ?",
            decided.number,
            digest,
            decided.population,
        )
        return decided

    def _append_answer(self, last: Entry, charge: Entry, body: bytes) -> None:
        part = self._read_part(charge.population, charge.grant, last)
        digest = entries.digest_bytes(body)
        self._append(ledger.decide_answer(last, part, charge, digest, self._tell_time()))

    def _find_last(self, population: str) -> Entry | None:
        rows = self._database.run(
            "SELECT entries.digest, body, heads.digest FROM heads LEFT JOIN entries "
            "ON entries.population = heads.population AND entries.number = heads.number "
            "WHERE heads.population = ?",
            population,
        )
        if not rows:
            return None
        digest, body, head = rows[0]
        if digest != head:
            raise errors.Damaged(
                f"the last entry of the population {population} is missing or was changed; see lightwell "
                "ledger verify"
            )
        return _read_entry(digest, body)

    def _read_last(self, population: str) -> Entry:
        last = self._find_last(population)
        if last is None:
            raise errors.UserMistake(
                f"this ledger has no population {str(population)[:80]!r}; open it with lightwell ledger "
                "open, or see its populations with lightwell ledger show"
            )
        return last

    def _find_part(self, population: str, grant: str) -> Entry | None:
        rows = self._database.run(
            "SELECT digest, body FROM entries WHERE population = ? AND grant_name = ? "
            "ORDER BY number DESC LIMIT 1",
            population,
            grant,
        )
        return _read_entry(*rows[0]) if rows else None

    def _read_part(self, population: str, grant: str, last: Entry | None = None) -> Entry:
        """Read the last entry of a grant: `last`, that of all the population, where it is about the grant."""
        if last is not None and grant and last.grant == grant:
            return last
        part = self._find_part(population, grant) if grant else None
        if part is None:
            raise errors.UserMistake(
                f"the population {population} has no grant {str(grant)[:80]!r}; open it with lightwell "
                "ledger grant"
            )
        return part

    def _has_grants(self, population: str) -> bool:
        return bool(
            self._database.run(
                "SELECT 1 FROM entries WHERE population = ? AND kind = ? LIMIT 1", population, entries.GRANTED
            )
        )

    def _find_body(self, population: str, key: str) -> bytes | None:
        rows = self._database.run(
            "SELECT body FROM answers WHERE population = ? AND answer_key = ?", population, key
        )
        return bytes(rows[0][0]) if rows else None

    def _is_free(self, population: str, key: str, grant: str, body: bytes) -> bool:
        """Answer whether kept bytes are free: published, or given before to a grant that is not revoked."""
        part = self._find_part(population, grant) if grant else None
        rows = self._database.run(
            "SELECT digest, body FROM entries WHERE population = ? AND answer_key = ? "
            "AND (kind = ? OR (kind = ? AND grant_name = ?)) ORDER BY number LIMIT 1",
            population,
            key,
            entries.PUBLISHED,
            entries.ANSWERED,
            # No entry of an answer has the empty name, so without a grant only publications are found.
            grant if part and part.part and not part.part.is_revoked else "",
        )
        if rows and _read_entry(*rows[0]).answer != entries.digest_bytes(body):
            raise errors.Damaged(f"the answer of {key} was changed; see lightwell ledger verify")
        return bool(rows)

    def _claim_version(self, request: Request) -> str:
        """Say whose the data are already; claim them for the population where they are nobody's."""
        sql = "SELECT population FROM versions WHERE data_version = ?"
        if not (rows := self._database.run(sql, request.data_version)):
            self._database.run(
                "INSERT INTO versions (data_version, population) VALUES (?, ?) ON CONFLICT DO NOTHING",
                request.data_version,
                request.population,
            )
            rows = self._database.run(sql, request.data_version)
        return str(rows[0][0])

    def _is_written(self, charge: Entry) -> bool:
        rows = self._database.run(
            "SELECT digest FROM entries WHERE population = ? AND number = ?", charge.population, charge.number
        )
        return bool(rows) and rows[0][0] == entries.compute_digest(charge)

    def _is_answered(self, charge: Entry) -> bool:
        rows = self._database.run(
            "SELECT digest, body FROM entries WHERE population = ? AND answer_key = ? AND kind = ? "
            "AND grant_name = ?",
            charge.population,
            charge.key,
            entries.ANSWERED,
            charge.grant,
        )
        return any(_read_entry(*row).charge == charge.number for row in rows)

    def _verify_population(self, population: str, number: int, head: str, witnessed: str) -> ledger.Chain:
        chain = ledger.verify_chain(population, self._walk(population), head=head, witnessed=witnessed)
        if chain.last is None or number != chain.last.number:
            raise errors.Damaged(f"the head of the population {population} says another number of entries")
        keys = self._database.run("SELECT answer_key FROM answers WHERE population = ?", population)
        kept = {key: entries.digest_bytes(self._find_body(population, key) or b"") for (key,) in keys}
        if wrong := sorted(key for key, _ in kept.items() ^ chain.answers.items()):
            raise errors.Damaged(
                f"the answer {wrong[0]} of the population {population} is missing, was added or was changed"
            )
        return chain

    def _walk(self, population: str) -> Iterator[tuple[str, bytes]]:
        """Walk through the entries of a population; the columns beside the bytes must say the same."""
        after = 0
        while rows := self._database.run(
            "SELECT number, kind, grant_name, answer_key, digest, body FROM entries WHERE population = ? "
            "AND number > ? ORDER BY number LIMIT ?",
            population,
            after,
            _STRIDE,
        ):
            for *columns, digest, body in rows:
                yield digest, body.encode()
                # The chain has read it by now, so these bytes are those of an entry.
                told = entries.parse_entry(body.encode())
                if columns != [told.number, told.kind, told.grant, told.key]:
                    raise errors.Damaged(
                        f"entry {told.number} of the population {population} was changed: its columns say "
                        "another kind, grant or key than its bytes"
                    )
                after = told.number

    def _verify_versions(self, chains: Sequence[ledger.Chain]) -> None:
        rows = self._database.run("SELECT data_version, population FROM versions")
        owners: dict[str, str] = dict(rows)
        charged = [(version, chain.population) for chain in chains for version in sorted(chain.versions)]
        for version, population in charged:
            if owners.get(version) != population:
                raise errors.Damaged(f"the data {version} were charged to {population}, whose they are not")
        if strays := sorted(set(owners.items()) - set(charged)):
            raise errors.Damaged(f"the data {strays[0][0]} belong to {strays[0][1]} and were never charged")


def _read_entry(digest: str, body: str) -> Entry:
    """Read an entry of our own and hold it against its digest; what does not fit was changed by somebody."""
    try:
        read = entries.parse_entry(body.encode())
    except errors.UserMistake as error:
        raise errors.Damaged(f"an entry of the ledger cannot be read: {error}") from None
    if entries.digest_bytes(body.encode()) != digest:
        raise errors.Damaged(
            f"entry {read.number} of the population {read.population} was changed; see lightwell ledger "
            "verify"
        )
    return read
