//! The `demarche` binary: arguments in, exit status out.

use clap::Parser as _;
use demarche::cli::{Cli, Command};
use demarche::commands;
use std::io::{self, Write};
use std::process::ExitCode;

#[expect(clippy::print_stderr, reason = "the one place that tells the user what went wrong")]
fn main() -> ExitCode {
    let out = &mut Stdout { out: io::stdout().lock(), left: false };
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
            eprintln!("error: {}", told(&error));
            ExitCode::from(2)
        }
    }
}

/// An error and its causes, with nothing said twice: many a message already holds its cause, for `rejects.csv` prints the
/// message alone, and many a cause begins with the message that stands before it.
fn told(error: &anyhow::Error) -> String {
    let mut told: Vec<String> = Vec::new();
    for cause in error.chain().map(ToString::to_string) {
        if told.iter().any(|message| message.contains(&cause)) {
            continue;
        }
        match told.last_mut() {
            Some(message) if cause.starts_with(message.as_str()) => *message = cause,
            _ => told.push(cause),
        }
    }
    told.join(": ")
}

/// Standard output whose reader may leave, as `head` does: what it does not want is dropped, and the work goes on to its
/// files and its exit status.
struct Stdout<W> {
    out: W,
    left: bool,
}

impl<W: Write> Stdout<W> {
    fn unless_left<T>(&mut self, result: io::Result<T>, otherwise: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.left = true;
                Ok(otherwise)
            }
            result => result,
        }
    }
}

impl<W: Write> Write for Stdout<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.left {
            return Ok(bytes.len());
        }
        let result = self.out.write(bytes);
        self.unless_left(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.left {
            return Ok(());
        }
        let result = self.out.flush();
        self.unless_left(result, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context as _, anyhow};

    #[test]
    fn a_cause_is_told_once_whether_or_not_the_message_holds_it() {
        let held = anyhow!("torn").context("cannot read a.csv: torn; give a file").context("table a.csv");
        assert_eq!(told(&held), "table a.csv: cannot read a.csv: torn; give a file");
        let apart = anyhow!("torn").context("line 3");
        assert_eq!(told(&apart), "line 3: torn");
        let repeated = Err::<(), _>(anyhow!("cannot write a.csv: disk full")).context("cannot write a.csv");
        assert_eq!(told(&repeated.expect_err("an error")), "cannot write a.csv: disk full");
    }

    #[test]
    fn a_reader_that_leaves_ends_nothing_and_any_other_fault_does() {
        struct Broken(io::ErrorKind);
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(self.0.into())
            }
        }
        let write = |kind| {
            let mut out = Stdout { out: Broken(kind), left: false };
            writeln!(out, "a row").and_then(|()| writeln!(out, "a row")).and_then(|()| out.flush())
        };
        assert!(write(io::ErrorKind::BrokenPipe).is_ok());
        assert!(write(io::ErrorKind::StorageFull).is_err());
    }
}
