"""Which clusters a spec means: an entry is a name, or `key=value` for every cluster with that label."""

from collections.abc import Iterable, Mapping

Labels = Mapping[str, str]


def chosen(choices: Iterable[str], registered: Mapping[str, Labels]) -> list[str]:
    """Names of the clusters that are meant, each once. A name is meant whether it is registered or not."""
    found = [name for choice in choices for name in _meant(choice, registered)]
    return list(dict.fromkeys(found))


def meaningless(choices: Iterable[str], registered: Mapping[str, Labels]) -> list[str]:
    """The choices that no registered cluster answers to."""
    return [choice for choice in choices if not any(name in registered for name in _meant(choice, registered))]


def described(registered: Mapping[str, Labels]) -> str:
    """The registered clusters with their labels, for a sentence that ends with them."""
    texts = [f"{name}{_in_brackets(labels)}" for name, labels in sorted(registered.items())]
    return ", ".join(texts) or "none"


def _meant(choice: str, registered: Mapping[str, Labels]) -> list[str]:
    key, is_label, value = choice.partition("=")
    if not is_label:
        return [choice]
    return sorted(name for name, labels in registered.items() if labels.get(key) == value)


def _in_brackets(labels: Labels) -> str:
    return f" ({', '.join(f'{key}={value}' for key, value in sorted(labels.items()))})" if labels else ""
