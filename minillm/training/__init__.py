"""Training: optimisers, schedules, the trainer, and the folder that a run lives in."""

from minillm.training.folder import load, save
from minillm.training.memory import check_memory, check_texts
from minillm.training.optimizers import OPTIMIZERS, AdamW, Muon, clip_grad_norm
from minillm.training.options import TrainOptions
from minillm.training.packing import pack
from minillm.training.run import Run
from minillm.training.saved_run import SavedRun
from minillm.training.schedules import learning_rate
from minillm.training.train import train
from minillm.training.trainer import DivergedError, Progress, Trainer
from minillm.training.workers import DeadWorkerError, default_workers

__all__ = [
    "OPTIMIZERS",
    "AdamW",
    "DeadWorkerError",
    "DivergedError",
    "Muon",
    "Progress",
    "Run",
    "SavedRun",
    "TrainOptions",
    "Trainer",
    "check_memory",
    "check_texts",
    "clip_grad_norm",
    "default_workers",
    "learning_rate",
    "load",
    "pack",
    "save",
    "train",
]
