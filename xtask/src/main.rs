//! The habits of the project, one command each: `cargo xtask <command>`.
//!
//! This file is the table of commands. Each command lives in a file of its own name, takes the arguments that follow
//! it, and answers with an error text for a human. Nothing that a node runs depends on this crate.

mod apt;
mod asides;
mod bench;
mod ci;
mod counts;
mod deny;
mod e2e;
mod fuzz;
mod guest_fitness;
mod layers;
mod nightly;
mod process;
mod tidy;
mod vectors;
mod workspace;

use std::process::ExitCode;

/// A row of the table of commands.
struct Command {
    name: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Result<(), String>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "ci",
        help: "run every check of a change, timed; `ci NAME…` runs some of them",
        run: ci::run,
    },
    Command {
        name: "tidy",
        help: "check layers, rule crates, documents and vectors; report sizes",
        run: tidy::run,
    },
    Command {
        name: "nightly",
        help: "run the tests' long campaigns; `nightly NAME…` runs some",
        run: nightly::run,
    },
    Command {
        name: "guest-fitness",
        help: "build layers 0 and 1 for RISC-V and WebAssembly",
        run: guest_fitness::run,
    },
    Command { name: "vectors", help: "regenerate the golden files in vectors/", run: vectors::run },
    Command {
        name: "bench",
        help: "run the benchmarks; `bench NAME…` runs those of some crates",
        run: bench::run,
    },
    Command {
        name: "deny",
        help: "check licences, sources and duplicates of the dependencies",
        run: deny::run,
    },
    Command { name: "e2e", help: "run real clients against the real binary", run: e2e::run },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        print_help();
        return ExitCode::FAILURE;
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        print_help();
        return ExitCode::SUCCESS;
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        eprintln!("xtask: there is no command `{name}`");
        print_help();
        return ExitCode::FAILURE;
    };
    match (command.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {name}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print_help() {
    println!("usage: cargo xtask <command> [arguments]\n");
    for command in COMMANDS {
        println!("  {:<14} {}", command.name, command.help);
    }
}
