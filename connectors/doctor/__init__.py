"""Is this installation able to work? One question a file for each thing it stands on, each with its fix."""

from connectors.doctor.symptoms import Symptom
from connectors.doctor.visit import examine

__all__ = ["Symptom", "examine"]
