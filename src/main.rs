//! The `demarche` binary: arguments in, exit status out.

use clap::Parser as _;
use demarche::cli::{Cli, Command};
use demarche::commands;
use std::process::ExitCode;

#[expect(clippy::print_stderr, reason = "the one place that tells the user what went wrong")]
fn main() -> ExitCode {
    let out = &mut std::io::stdout().lock();
    let result = match Cli::parse().command {
        Command::Label(args) => commands::label::run(&args, out),
        Command::Evaluate(args) => commands::evaluate::run(&args, out),
        Command::Explain(args) => commands::explain::run(&args, out).map(|()| true),
        Command::Refit(args) => commands::refit::run(&args, out).map(|()| true),
        Command::Review(args) => commands::review::run(&args, out),
        Command::Export(args) => commands::export::run(&args, out).map(|()| true),
        Command::Registry(args) => commands::registry::run(&args, out),
        Command::Report(args) => commands::report::run(&args, out),
        #[cfg(feature = "torch")]
        Command::Train(args) => commands::train::run(&args, out).map(|()| true),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        // Finished, but records were rejected, a behavioural group is below --min-rate, or reviewers are in conflict.
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
