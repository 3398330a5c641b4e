// Create, feed and work for River, with the settings of its own `river bench`: 2,000 goroutines, inserts by COPY.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

type noopArgs struct {
	N    int    `json:"n"`
	Fill string `json:"fill,omitempty"`
}

func (noopArgs) Kind() string { return "noop" }

type noopWorker struct {
	river.WorkerDefaults[noopArgs]
	starts *os.File
}

func (w *noopWorker) Work(_ context.Context, job *river.Job[noopArgs]) error {
	if w.starts != nil {
		fmt.Fprintf(w.starts, "%d %.6f\n", job.Args.N, float64(time.Now().UnixMicro())/1e6)
	}
	return nil
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func create(ctx context.Context, pool *pgxpool.Pool) {
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	must(err)
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	must(err)
}

func feed(ctx context.Context, pool *pgxpool.Pool) {
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{})
	must(err)
	text, err := os.ReadFile(os.Getenv("BENCH_FILL"))
	must(err)
	fill := string(text)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); fmt.Println(in.Text()) {
		n, err := strconv.Atoi(in.Text())
		must(err)
		params := make([]river.InsertManyParams, n)
		for i := range params {
			params[i] = river.InsertManyParams{Args: noopArgs{N: i, Fill: fill}}
		}
		_, err = client.InsertManyFast(ctx, params)
		must(err)
	}
}

func work(ctx context.Context, pool *pgxpool.Pool, workers int, best bool) {
	worker := &noopWorker{}
	if path := os.Getenv("BENCH_LOG"); path != "" {
		var err error
		worker.starts, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		must(err)
	}
	registry := river.NewWorkers()
	river.AddWorker(registry, worker)
	poll := river.FetchPollIntervalDefault
	if best {
		poll = 20 * time.Millisecond
	}
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}},
		Workers:           registry,
		FetchCooldown:     2 * time.Millisecond,
		FetchPollInterval: poll,
		Logger:            slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	must(err)
	must(client.Start(ctx))
	<-ctx.Done()
	stopping, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = client.Stop(stopping)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	pool, err := pgxpool.New(context.Background(), os.Getenv("BENCH_URL"))
	must(err)
	defer pool.Close()
	n, best := 2000, true
	if len(os.Args) > 2 && os.Args[2] != "best" {
		n, err = strconv.Atoi(os.Args[2])
		must(err)
		best = false
	}
	switch os.Args[1] {
	case "create":
		create(ctx, pool)
	case "feed":
		feed(ctx, pool)
	case "work":
		work(ctx, pool, n, best)
	}
}
