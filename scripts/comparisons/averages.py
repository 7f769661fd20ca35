"""Which weights a run ends with: the last ones, or an average on the way."""
import torch

EMA = 0.999


class Last:
    """The weights after the last update."""

    def __init__(self, network, epochs):
        self.network = network

    def after_update(self):
        pass

    def after_epoch(self, epoch):
        pass

    def finish(self):
        pass


class Moving(Last):
    """An exponential average over the updates (Polyak & Juditsky 1992), short at first."""

    def __init__(self, network, epochs):
        super().__init__(network, epochs)
        self.parameters = list(network.parameters())
        self.averages = [p.detach().clone() for p in self.parameters]
        self.updates = 0

    @torch.no_grad()
    def after_update(self):
        self.updates += 1
        share = 1 - min(EMA, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(self.averages, self.parameters, share)

    @torch.no_grad()
    def finish(self):
        for parameter, average in zip(self.parameters, self.averages):
            parameter.copy_(average)


class Epochs(Last):
    """The mean of the weights after each epoch of the second half (Izmailov et al. 2018)."""

    def __init__(self, network, epochs):
        super().__init__(network, epochs)
        self.parameters = list(network.parameters())
        self.first = epochs - (epochs + 1) // 2 + 1
        self.sums = [torch.zeros_like(p) for p in self.parameters]
        self.count = 0

    @torch.no_grad()
    def after_epoch(self, epoch):
        if epoch >= self.first:
            self.count += 1
            torch._foreach_add_(self.sums, [p.detach() for p in self.parameters])

    @torch.no_grad()
    def finish(self):
        for parameter, total in zip(self.parameters, self.sums):
            parameter.copy_(total / self.count)


AVERAGES = {"last": Last, "ema": Moving, "swa": Epochs}
