"""The options of one step of a recipe while the step is made of them."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bluepencil.errors import InputError, OptionError
from bluepencil.recipes.server import OF_ONE_STEP, Asking
from bluepencil.recipes.values import check_names, convert, converted, filled, settable

if TYPE_CHECKING:
    from bluepencil.llm import ClientOptions

Made = TypeVar("Made")

_DECODING = ("temperature", "top_p", "max_tokens")
_FILES = ("prompt", "index")
"""Options that may name a file or a folder; one beside the recipe is found from anywhere."""


@dataclass(frozen=True, slots=True)
class Context:
    """What is the same for all steps of a recipe: the server, where files are, where the output goes.

    `lenient` lets steps be made without a server, to explain or to estimate.
    """

    asking: Asking
    folder: Path
    output: Path
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """An option of a step as it came out; `given` says that the recipe or the command line set it."""

    name: str
    value: Any
    given: bool


class Options:
    """The table of one step. A builder takes what it knows; `close` refuses what is left.

    Every error begins with the place: recipe, number of the step, its kind.
    """

    def __init__(self, table: Mapping[str, Any], where: str, context: Context) -> None:
        self._left = dict(table)
        self._given = set(table)
        self._known: list[str] = []
        self.where = where
        self.context = context
        self.clients: list[ClientOptions] = []
        self.shown: dict[str, Shown] = {}

    def take(self, name: str, hint: Any, default: Any = None) -> Any:
        """Take one option of a type, or the default where it is not given."""
        self._known.append(name)
        value = default
        if name in self._left:
            value = convert(hint, self._file(name, self._left.pop(name)), f"{self.where}: {name}")
        self.show(name, value)
        return value

    def fields(self, cls: type[Any], leave_out: Sequence[str] = ()) -> dict[str, Any]:
        """Take what is given for the fields of a dataclass, as keyword arguments for it."""
        names = [name for name in settable(cls) if name not in leave_out]
        self._known += names
        given = {name: self._file(name, self._left.pop(name)) for name in names if name in self._left}
        return converted(cls, given, self.where)

    def make(self, cls: type[Made], leave_out: Sequence[str] = (), **more: Any) -> Made:
        """Make a dataclass of what is given for its fields; `more` are fields that are not options."""
        leave_out = (*leave_out, *more)
        made = filled(cls, {**self.fields(cls, leave_out), **more}, self.where)
        self.show_fields(made, leave_out)
        return made

    def nested(self, name: str, cls: type[Made], maker: Callable[..., Made] | None = None) -> Made | None:
        """Make a dataclass of a table inside the step's; `NAME = false` makes none.

        `maker` takes the values as keyword arguments, where its defaults are not those of the class.
        """
        self._known.append(name)
        table = self._left.pop(name, {})
        if table is False:
            self.show(name, False)
            return None
        if not isinstance(table, Mapping):
            raise OptionError(f"{self.where}: {name} must be a table or false, not {table!r}")
        where = f"{self.where}: {name}"
        check_names(table, settable(cls), where)
        made: Made = self.called(maker or cls, **converted(cls, table, where))
        self.show_table(name, {one: getattr(made, one) for one in settable(cls)}, table)
        return made

    def called(self, function: Any, *arguments: Any, **values: Any) -> Any:
        """Call what makes a part of the step; its own complaints get the place in front."""
        try:
            return function(*arguments, **values)
        except (OptionError, InputError) as error:
            raise type(error)(f"{self.where}: {error}") from error

    def names_model(self) -> bool:
        """Say whether a model is named for this step, by itself or in `[server]`."""
        return "model" in self._left or self.context.asking.model is not None

    def client(self) -> "ClientOptions":
        """Return how this step asks its model: as `[server]` says, but for what the step says itself."""
        self._known += [name for name in OF_ONE_STEP if name not in self._known]
        own = {name: self._left.pop(name) for name in OF_ONE_STEP if name in self._left}
        asking = self.context.asking
        if own:
            asking = asking.with_values(converted(Asking, own, self.where))
        client: ClientOptions = self.called(asking.client, self.context.output, lenient=self.context.lenient)
        for name in ("model", *own):
            self.shown[name] = Shown(name, getattr(asking, name), True)
        self.clients.append(client)
        return client

    def params(self, defaults: Mapping[str, Any]) -> dict[str, Any]:
        """Return decoding parameters: the defaults, with what the table `params` and the step itself say."""
        given = dict(convert(Mapping[str, Any], self._left.pop("params", {}), f"{self.where}: params"))
        self._known += ["params", *_DECODING]
        for name in _DECODING:
            if name in self._left:
                given[name] = convert(int | float, self._left.pop(name), f"{self.where}: {name}")
        merged = {**defaults, **given}
        self.show_table("params", merged, given)
        return merged

    def show(self, name: str, value: Any) -> None:
        """Note what an option came to."""
        self.shown[name] = Shown(name, value, name in self._given)

    def show_table(self, name: str, values: Mapping[str, Any], given: Container[str]) -> None:
        """Note what the values of a table inside the step's came to, each on its own."""
        for one, value in values.items():
            whole = f"{name}.{one}"
            self.shown[whole] = Shown(whole, value, one in given)

    def show_fields(self, made: Any, leave_out: Sequence[str] = ()) -> None:
        """Note what the options that are fields of a dataclass came to."""
        for name in settable(type(made)):
            if name not in leave_out:
                self.show(name, getattr(made, name))

    def close(self) -> None:
        """Refuse the options that nobody took."""
        check_names(self._left, dict.fromkeys(self._known), self.where)

    def _file(self, name: str, value: Any) -> Any:
        if name in _FILES and isinstance(value, str) and (self.context.folder / value).exists():
            return str(self.context.folder / value)
        return value


def plain(value: Any) -> Any:
    """Return a value as JSON would have it, for people to read."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value) if f.init}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in (sorted(value) if isinstance(value, set | frozenset) else value)]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
