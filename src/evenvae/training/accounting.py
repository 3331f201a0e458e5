"""What differentially private training spends, by the accountant of dp-accounting (Google)."""

from typing import Any

from evenvae.errors import InputError


def library() -> Any:
    """dp-accounting, with the accountant of privacy loss distributions.

    Raises:
        InputError: it is not installed.
    """
    try:
        import dp_accounting  # pyright: ignore[reportMissingImports]
        from dp_accounting import pld  # noqa: F401  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise InputError("privacy.epsilon needs dp-accounting: pip install 'evenvae[privacy]'.") from error
    return dp_accounting


def name_of_accountant() -> str:
    """The accountant and its version, as a model keeps them."""
    from importlib.metadata import version

    return f"dp-accounting {version('dp-accounting')}, PLDAccountant, Poisson sampling"


def training_event(noise_multiplier: float, sampling_rate: float, steps: int) -> Any:
    """The steps as dp-accounting describes them: noise on sums over rows that are drawn independently of each other."""
    accounting = library()
    step = accounting.PoissonSampledDpEvent(sampling_rate, accounting.GaussianDpEvent(noise_multiplier))
    return accounting.SelfComposedDpEvent(step, steps)


def new_accountant() -> Any:
    """An accountant for one row added or removed, with nothing spent."""
    accounting = library()
    return accounting.pld.PLDAccountant(accounting.NeighboringRelation.ADD_OR_REMOVE_ONE)


def epsilon_of(noise_multiplier: float, sampling_rate: float, steps: int, delta: float) -> float:
    """The epsilon that so many steps spend at this delta, for one row added or removed.

    Args:
        noise_multiplier: standard deviation of the noise, in clipping norms.
        sampling_rate: chance of every row to be in a batch.
        steps: of training.
        delta: of the guarantee.
    """
    return float(new_accountant().compose(training_event(noise_multiplier, sampling_rate, steps)).get_epsilon(delta))


def noise_for(epsilon: float, delta: float, sampling_rate: float, steps: int) -> float:
    """The least noise multiplier with which so many steps spend at most ``epsilon`` at ``delta``.

    Raises:
        InputError: dp-accounting is not installed, or no reasonable noise is enough.
    """
    accounting = library()
    try:
        return float(
            accounting.calibrate_dp_mechanism(
                new_accountant,
                lambda noise: training_event(noise, sampling_rate, steps),
                epsilon,
                delta,
                accounting.LowerEndpointAndGuess(0.0, 1.0),
                tol=1e-3,
            )
        )
    except Exception as error:
        raise InputError(
            f"privacy.epsilon={epsilon:g} at delta={delta:g} cannot be kept in {steps} steps with batches of "
            f"{sampling_rate:.1%} of the rows ({type(error).__name__}): give a larger epsilon, or fewer epochs."
        ) from error
