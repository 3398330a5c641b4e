// Create, feed and work for awa: queue storage, COPY, and no deadline for a job, which is its quick path.
use std::io::{BufRead, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use awa::{migrations, Client, InsertOpts, JobArgs, JobResult, QueueConfig, QueueStorage, QueueStorageConfig};
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgPool, PgPoolOptions};

type Error = Box<dyn std::error::Error + Send + Sync>;

#[derive(Serialize, Deserialize, JobArgs)]
struct Noop {
    n: i64,
    #[serde(default)]
    fill: String,
}

fn note_start(n: i64) {
    if let Ok(path) = std::env::var("BENCH_LOG") {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(path).unwrap();
        writeln!(file, "{n} {:.6}", now.as_secs_f64()).unwrap();
    }
}

fn client(pool: &PgPool, at_once: u32) -> Result<Client, Error> {
    let config = QueueConfig { max_workers: at_once, deadline_duration: Duration::ZERO, ..Default::default() };
    Ok(Client::builder(pool.clone())
        .queue("default", config)
        .register::<Noop, _, _>(|args: Noop, _ctx| async move {
            note_start(args.n);
            Ok(JobResult::Completed)
        })
        .build()?)
}

// The first client to start on a fresh schema switches it to queue storage.
async fn create(pool: &PgPool) -> Result<(), Error> {
    migrations::run(pool).await?;
    let first = client(pool, 1)?;
    first.start().await?;
    first.shutdown(Duration::from_secs(5)).await;
    Ok(())
}

async fn feed(pool: &PgPool) -> Result<(), Error> {
    let store = QueueStorage::new(QueueStorageConfig::default())?;
    let fill = std::fs::read_to_string(std::env::var("BENCH_FILL")?)?;
    for line in std::io::stdin().lock().lines() {
        let count: i64 = line?.trim().parse()?;
        let jobs = (0..count)
            .map(|n| awa::model::insert::params_with(&Noop { n, fill: fill.clone() }, InsertOpts::default()))
            .collect::<Result<Vec<_>, _>>()?;
        store.enqueue_params_copy(pool, &jobs).await?;
        println!("{count}");
    }
    Ok(())
}

async fn work(pool: &PgPool, at_once: u32) -> Result<(), Error> {
    let worker = client(pool, at_once)?;
    worker.start().await?;
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?.recv().await;
    worker.shutdown(Duration::from_secs(5)).await;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().collect();
    let pool = PgPoolOptions::new().max_connections(20).connect(&std::env::var("BENCH_URL")?).await?;
    match args[1].as_str() {
        "create" => create(&pool).await,
        "feed" => feed(&pool).await,
        _ => work(&pool, args.get(2).and_then(|a| a.parse().ok()).unwrap_or(200)).await,
    }
}
