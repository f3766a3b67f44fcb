"""A pycomex experiment. pycomex finds the bridge by itself."""

from pycomex.functional.experiment import Experiment
from pycomex.utils import file_namespace, folder_path

EPOCHS: int = 3

experiment = Experiment(base_path=folder_path(__file__), namespace=file_namespace(__file__), glob=globals())


@experiment
def run(e: Experiment) -> None:
    e["epochs"] = e.EPOCHS


experiment.run_if_main()
