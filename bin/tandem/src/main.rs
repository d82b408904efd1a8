//! The Tandem node and its tools: one program, one command each.

mod bench;
mod cli;
mod client;
mod dev;
mod export;
mod figures;
mod files;
mod genesis_file;
mod home;
mod keys;
mod markets;
mod price_config;
mod replay;
mod run;
mod status;
mod verify;

use clap::Parser;
use eyre::Result;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run_command(&cli::Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            error.chain().skip(1).for_each(|cause| eprintln!("  because: {cause}"));
            ExitCode::FAILURE
        }
    }
}

fn run_command(command: &cli::Command) -> Result<()> {
    match command {
        cli::Command::Dev(arguments) => dev::run(arguments),
        cli::Command::Init(arguments) => home::init(arguments),
        cli::Command::Start(arguments) => run::start(arguments),
        cli::Command::Keys(arguments) => keys::run(arguments),
        cli::Command::Replay(arguments) => replay::run(arguments),
        cli::Command::Export(arguments) => export::run(arguments),
        cli::Command::Verify(arguments) => verify::run(arguments),
        cli::Command::Bench(arguments) => bench::run(arguments),
        cli::Command::BenchLanes(arguments) => bench::lanes::run(arguments),
        cli::Command::BenchApply(arguments) => bench::apply::run(arguments),
    }
}
