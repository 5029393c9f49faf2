"""The `supsweep` command."""

import typer

from service.cli import clusters, keys, mlflow, secrets, webhooks
from service.cli.audit import audit
from service.cli.compare import compare
from service.cli.demo import demo
from service.cli.export import export
from service.cli.failures import failing_in_sentences
from service.cli.join import join
from service.cli.logs import logs
from service.cli.ls import ls
from service.cli.migrate import migrate
from service.cli.preview import preview
from service.cli.report import report
from service.cli.rm import rm
from service.cli.serve import serve
from service.cli.show import show
from service.cli.steering import cancel, change, clone, extend, pause, resume, retry_failed
from service.cli.submit import submit
from service.cli.trials import trial, trials
from service.cli.up import up
from service.cli.watch import watch

app = typer.Typer(
    help="Sweeps that quantify how robust training objectives are to their hyperparameters.",
    epilog="SUPSWEEP_HOME (default .supsweep), SUPSWEEP_URL and SUPSWEEP_API_KEY say which service is meant.",
    no_args_is_help=True,
    add_completion=False,
    # Plain sentences: a frame would break them in the middle.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
COMMANDS = (
    up,
    serve,
    migrate,
    demo,
    preview,
    submit,
    ls,
    show,
    watch,
    trials,
    trial,
    report,
    compare,
    export,
    logs,
    pause,
    resume,
    cancel,
    change,
    extend,
    retry_failed,
    clone,
    join,
    audit,
    rm,
)
for command in COMMANDS:
    app.command()(failing_in_sentences(command))

GROUPS = {
    "clusters": clusters.app,
    "keys": keys.app,
    "mlflow": mlflow.app,
    "secrets": secrets.app,
    "webhooks": webhooks.app,
}
for name, group in GROUPS.items():
    app.add_typer(group, name=name)


def main() -> None:
    """Runs the command of this process."""
    app()
