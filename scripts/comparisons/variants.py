"""The variants by name: each differs from the baseline in one thing."""
from comparisons.recipe import Settings

BASELINE = "baseline"

VARIANTS = {
    BASELINE: Settings(),
    # Input form.
    "roles": Settings(form="roles"),
    "markers": Settings(form="markers"),
    "target": Settings(form="target"),
    # Head.
    "first": Settings(head="first"),
    "attention": Settings(head="attention"),
    "biaffine": Settings(head="biaffine"),
    "auxiliary": Settings(head="auxiliary"),
    # Start.
    "mlm": Settings(start="mlm"),
    "intermediate": Settings(start="intermediate"),
    # Training.
    "decay1": Settings(layer_decay=1.0),
    "reinit": Settings(reinit=True),
    "smoothing0": Settings(smoothing=0.0),
    "smoothing0.1": Settings(smoothing=0.1),
    "rdrop": Settings(rdrop=1.0),
    "multisample": Settings(head="multisample"),
    "ema": Settings(weights="ema"),
    "swa": Settings(weights="swa"),
    "wide": Settings(batch=48),
    "looks": Settings(batch=48, pairs=4),
    # Data.
    "selftrain": Settings(soft=True),
}


def needs(settings):
    """What a variant needs besides --train and --dev."""
    if settings.start == "mlm":
        return "texts"
    if settings.start == "intermediate":
        return "intermediate"
    return "linked" if settings.soft else None


def plan(names, seeds, teachers):
    """(name, seed) of all runs in order: the teachers of students, then a seed of every variant, then the next."""
    teaching = range(1, teachers + 1) if any(VARIANTS[name].soft for name in names) else ()
    runs = [(BASELINE, seed) for seed in teaching] + [(name, seed) for seed in seeds for name in names]
    return list(dict.fromkeys(runs))
