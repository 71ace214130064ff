//! The command line.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use crate::app::App;
use crate::clock::Clock;
use crate::config::{Config, Loaded, Variables};
use crate::db;
use crate::ledger::{self, verify};
use crate::management;
use crate::serve::{self, Environment, Running, StartOptions};
use crate::settings::Reloaded;
use crate::telemetry;

/// Tollgate: the gateway in front of every LLM provider a company uses.
#[derive(Debug, Parser)]
#[command(name = "tollgate", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the gateway, the management API and the console.
    Serve {
        #[command(flatten)]
        place: Place,
        /// Address to listen on.
        #[arg(long, default_value = "127.0.0.1", env = "HOST")]
        host: IpAddr,
        /// Port to listen on; 0 takes a free one.
        #[arg(long, default_value_t = 4000, env = "PORT")]
        port: u16,
        /// Threads that serve connections; one a processor unless set.
        #[arg(long)]
        workers: Option<usize>,
        /// Logs as JSON.
        #[arg(long)]
        json_logs: bool,
    },
    /// Look after the ledger.
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Look after the audit log.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Look after the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Bring the database's schema up to date and exit.
    Migrate {
        #[command(flatten)]
        place: Place,
    },
    /// Print the management API's description, openapi.json.
    Openapi,
}

#[derive(Debug, Subcommand)]
enum LedgerCommand {
    /// Prove that the sums agree; exits with 1 where they do not.
    Verify {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Prove that no entry was changed or taken out; exits with 1 where one was. `ledger verify` does so, too.
    Verify {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Report every problem of a configuration; exits with 1 where the server would refuse to start.
    Check {
        /// The file.
        file: PathBuf,
    },
}

/// Where configuration and state are.
#[derive(Debug, clap::Args)]
struct Place {
    /// LiteLLM's config.yaml.
    #[arg(long, short, env = "CONFIG_FILE_PATH")]
    config: Option<PathBuf>,
    /// Folder of keys, spool and the SQLite database.
    #[arg(long, default_value = "./data")]
    data: PathBuf,
}

/// A failure of a command, for the person who gave it.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command of this process.
pub async fn run() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve { place, host, port, workers, json_logs } => {
            telemetry::init_logs(json_logs);
            serve_until_stopped(&place, SocketAddr::new(host, port), workers).await
        }
        Command::Ledger(LedgerCommand::Verify { place }) => verify_ledger(&place).await,
        Command::Audit(AuditCommand::Verify { place }) => verify_audit(&place).await,
        Command::Config(ConfigCommand::Check { file }) => check_config(&file),
        Command::Migrate { place } => migrate(&place).await,
        Command::Openapi => print_openapi(),
    };
    result.unwrap_or_else(|failure| {
        complain(&format!("tollgate: {failure}"));
        ExitCode::FAILURE
    })
}

async fn serve_until_stopped(place: &Place, address: SocketAddr, workers: Option<usize>) -> Result<ExitCode, Failure> {
    let (config, environment) = load(place)?;
    let listener = TcpListener::bind(address).map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let interval = config.general.proxy_config_reload_interval;
    let options = StartOptions {
        config,
        config_file: place.config.clone(),
        environment,
        data: place.data.clone(),
        listener,
        clock: Clock::system(),
        workers: workers.or_else(|| std::thread::available_parallelism().ok().map(Into::into)).unwrap_or(1),
    };
    let mut running = Box::pin(serve::start(options)).await?;
    greet(&running)?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let following = follow(interval, running.app.clone())?;
    let failure = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        failure = running.failed() => Some(failure),
    };
    following.abort();
    if let Some(failure) = failure {
        return Err(format!("the server failed: {failure}").into());
    }
    tracing::info!("stopping: no new calls, those in flight may end");
    let again = async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    };
    tokio::select! {
        () = running.stop() => tracing::info!("stopped"),
        () = again => tracing::warn!("stopped at once, as asked twice"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads the configuration again every `interval`, and whenever the process is told to hang up.
fn follow(interval: Duration, app: App) -> io::Result<JoinHandle<()>> {
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(tokio::spawn(async move {
        let path = app.settings.file().map_or_else(|| "the database".to_owned(), |path| path.display().to_string());
        loop {
            let is_told = tokio::select! {
                _ = hangup.recv() => true,
                () = tokio::time::sleep(interval), if !interval.is_zero() => false,
            };
            tell(management::settings::reload(&app).await, &path, is_told);
        }
    }))
}

/// Says what became of reading a configuration again; that nothing changed only where somebody asked.
fn tell(reloaded: Reloaded, path: &str, is_told: bool) {
    match reloaded {
        Reloaded::Same if is_told => tracing::info!(%path, "the configuration says what it said"),
        Reloaded::Same => {}
        Reloaded::Refused(problems) => {
            for problem in problems.iter().filter(|problem| problem.is_error()) {
                tracing::error!(%problem, "the configuration has errors: what was in force stays");
            }
        }
        Reloaded::InForce { waiting, warnings } => {
            tracing::info!(%path, "what may change of the changed configuration is in force");
            for problem in warnings {
                tracing::warn!(%problem, "the changed configuration");
            }
            for setting in waiting {
                tracing::warn!(setting, "this has changed, too: it waits for a restart");
            }
        }
    }
}

/// Says where the console is and how to sign in the first time.
fn greet(running: &Running) -> io::Result<()> {
    let address = running.address;
    let host = if address.ip().is_loopback() { "localhost".to_owned() } else { address.ip().to_string() };
    let base = format!("http://{host}:{}", address.port());
    let mut out = io::stdout().lock();
    writeln!(out, "Tollgate {} is ready", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "  Console      {base}/ui/")?;
    writeln!(out, "  API          {base}/v1   (documented at {base}/docs/)")?;
    if let Some(initial) = &running.initial_password {
        writeln!(out, "  First sign-in, shown once: username {}, password {}", initial.username, initial.password)?;
    }
    if let Some(path) = &running.secrets.master_key_file {
        writeln!(out, "  Master key   kept in {}", path.display())?;
    }
    out.flush()
}

/// Reads configuration and environment; problems are told, errors stop here.
fn load(place: &Place) -> Result<(Config, Environment), Failure> {
    let environment = |name: &str| std::env::var(name).ok();
    let loaded = Config::load(place.config.as_deref(), environment);
    report(&loaded);
    if loaded.has_errors() {
        return Err("the configuration has errors".into());
    }
    let of_file = |name: &str| loaded.config.environment.get(name).map(|value| value.expose().to_owned());
    let read = Environment::read(|name| of_file(name).or_else(|| environment(name)));
    Ok((loaded.config, Environment { variables: Variables::of_process(), ..read }))
}

fn report(loaded: &Loaded) {
    for problem in &loaded.problems {
        complain(&problem.to_string());
    }
}

fn check_config(file: &Path) -> Result<ExitCode, Failure> {
    let loaded = Config::load(Some(file), |name| std::env::var(name).ok());
    let mut out = io::stdout().lock();
    for problem in &loaded.problems {
        writeln!(out, "{problem}")?;
    }
    let errors = loaded.problems.iter().filter(|problem| problem.is_error()).count();
    let warnings = loaded.problems.len() - errors;
    writeln!(out, "{}: {errors} errors, {warnings} warnings", file.display())?;
    Ok(if errors > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn migrate(place: &Place) -> Result<ExitCode, Failure> {
    let (config, environment) = load(place)?;
    serve::open_database(&config, &environment, &place.data).await?;
    Ok(ExitCode::SUCCESS)
}

async fn verify_ledger(place: &Place) -> Result<ExitCode, Failure> {
    let (config, environment) = load(place)?;
    let database = serve::open_database(&config, &environment, &place.data).await?;
    let report = verify::verify(&database).await?;
    let now = Clock::system().now();
    let alert = verify::alert("all", now.date_naive(), &report.mismatches, report.more_mismatches, now);
    // The verdict is what was asked for: a database that is only read has no alerts.
    if let Err(error) = db::alert::raise_new(&database, alert.into_iter().collect()).await {
        writeln!(io::stderr().lock(), "the alert of it is not raised: {error}")?;
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{} calls, {} US dollars, {} sums compared", report.calls, report.spend, report.entities)?;
    for mismatch in &report.mismatches {
        let sums = mismatch.sums.iter().map(|(source, sum)| format!("{source} {} ({} calls)", sum.spend, sum.calls));
        let id = if mismatch.id.is_empty() { "all" } else { &mismatch.id };
        writeln!(out, "MISMATCH {} {id}: {}", mismatch.kind, sums.collect::<Vec<_>>().join(", "))?;
    }
    if report.more_mismatches > 0 {
        writeln!(out, "… and {} more", report.more_mismatches)?;
    }
    if let Some(id) = report.broken_audit_row {
        writeln!(out, "BROKEN audit chain: row {id} does not follow from the one before it")?;
    }
    let (set_aside, path) = ledger::set_aside(&place.data.join("spool"))?;
    if set_aside > 0 {
        writeln!(out, "{set_aside} events were set aside and are in no sum: {}", path.display())?;
        return Ok(ExitCode::FAILURE);
    }
    if report.is_sound() {
        writeln!(out, "The ledger agrees with itself, and the audit chain is whole.")?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

async fn verify_audit(place: &Place) -> Result<ExitCode, Failure> {
    let (config, environment) = load(place)?;
    let database = serve::open_database(&config, &environment, &place.data).await?;
    let mut out = io::stdout().lock();
    match db::audit::first_broken(&database).await? {
        Some(id) => {
            writeln!(out, "BROKEN audit chain: row {id} does not follow from the one before it")?;
            Ok(ExitCode::FAILURE)
        }
        None => {
            writeln!(out, "The audit chain is whole.")?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn print_openapi() -> Result<ExitCode, Failure> {
    writeln!(io::stdout().lock(), "{}", management::openapi::document().to_pretty_json()?)?;
    Ok(ExitCode::SUCCESS)
}

fn complain(line: &str) {
    // Nobody is left to tell when standard error is gone.
    drop(writeln!(io::stderr().lock(), "{line}"));
}
