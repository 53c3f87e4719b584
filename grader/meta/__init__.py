"""meta learns the grader's prior from many questions, by differentiating through the fit. It needs torch; serving does
not import it.
"""

from grader.meta.episodes import MetaQuestion, sample_episodes
from grader.meta.implicit import fit_dual
from grader.meta.training import MetaConfig, MetaResult, meta_train

__all__ = ["MetaConfig", "MetaQuestion", "MetaResult", "fit_dual", "meta_train", "sample_episodes"]
