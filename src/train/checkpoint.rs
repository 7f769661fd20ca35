//! A run's whole state on disk, so that a stopped run goes on as if it had not stopped.

use super::optimizer::AdamW;
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use tch::Tensor;

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Settings and data of the run; a checkpoint of another run is refused.
    pub fingerprint: String,
    /// Updates done.
    pub step: usize,
    /// Best figure on dev so far and the epoch (from 1) that gave it.
    pub best: Option<(f64, usize)>,
}

const STATE: &str = "state.safetensors";
const BEST: &str = "best.safetensors";
const PROGRESS: &str = "progress.json";

/// Writes a checkpoint: state first, progress last, each by rename, so that a kill leaves the previous one whole.
pub(super) fn save(folder: &Path, progress: &Progress, optimizer: &AdamW) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let fresh = folder.join(format!("{}-{STATE}", progress.step));
    Tensor::write_safetensors(&optimizer.state(), &fresh)?;
    fs::write(folder.join("progress.tmp"), serde_json::to_vec_pretty(progress)?)?;
    fs::rename(folder.join("progress.tmp"), folder.join(PROGRESS))?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path != fresh && path.to_string_lossy().ends_with(&format!("-{STATE}")) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Restores the last checkpoint into `optimizer`; `None` if there is none.
pub(super) fn resume(folder: &Path, fingerprint: &str, optimizer: &mut AdamW) -> anyhow::Result<Option<Progress>> {
    let path = folder.join(PROGRESS);
    if !path.exists() {
        return Ok(None);
    }
    let progress: Progress = serde_json::from_slice(&fs::read(&path)?)?;
    anyhow::ensure!(
        progress.fingerprint == fingerprint,
        "{} belongs to a run with other data or settings; give another --checkpoint folder or drop --resume",
        path.display()
    );
    let state = Tensor::read_safetensors(folder.join(format!("{}-{STATE}", progress.step)))?;
    let state = state.into_iter().collect();
    optimizer
        .restore(&state)
        .map_err(|name| anyhow::anyhow!("checkpoint {}: tensor `{name}` is missing or misshapen", folder.display()))?;
    Ok(Some(progress))
}

/// Keeps the variables of the best epoch.
pub(super) fn save_best(folder: &Path, optimizer: &AdamW) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    let variables: Vec<_> = optimizer.state().into_iter().filter(|(name, _)| name.starts_with("variable.")).collect();
    Tensor::write_safetensors(&variables, folder.join("best.tmp"))?;
    fs::rename(folder.join("best.tmp"), folder.join(BEST))?;
    Ok(())
}

/// The variables of the best epoch.
pub(super) fn load_best(folder: &Path) -> anyhow::Result<Vec<(String, Tensor)>> {
    let path = folder.join(BEST);
    let named = Tensor::read_safetensors(&path).with_context(|| format!("best epoch {}", path.display()))?;
    Ok(named.into_iter().map(|(n, t)| (n.trim_start_matches("variable.").to_owned(), t)).collect())
}
