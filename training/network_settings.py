"""What a recipe may say about each kind of network. Plain data: TensorFlow is not needed to read a recipe."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SmallCnnSettings(_Settings):
    """Paper 2's network for any number of classes. 48 units on a 96 px input make an int8 model of about 240 kB."""

    kind: Literal["small-cnn"] = "small-cnn"
    filters: tuple[int, ...] = Field(default=(8, 16, 32), min_length=1)
    dense_units: int = Field(default=48, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)


NetworkSettings = SmallCnnSettings
