//! `oarlock`: the command line.

use std::process::ExitCode;

use clap::Parser;
use oarlock_server::cli::{Cli, Command};

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(args) => match args.into_config() {
            Ok(config) => oarlock_server::server::serve_until_signal(config),
            Err(error) => error.exit(),
        },
    }
}
