// Command emulator serves an EC2 that knows flow logs until it is interrupted. Use it to
// try the AWS CLI, or a program in any language, against the failures of AWS: a lost
// response, a missing bucket, an unknown VPC, a delivery that fails. It keeps its state
// in memory and checks no credentials. A GET request without parameters is a health
// check.
//
//	go -C examples run ./emulator -listen 127.0.0.1:4566 -fault lose
//	go -C examples run ./emulator -buckets my-flow-logs -resources vpc-0a1b2c3d,vpc-1a2b3c4d
//	aws ec2 create-flow-logs --endpoint-url http://127.0.0.1:4566 …
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	err := run(context.Background(), os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "emulator:", err)
		os.Exit(1)
	}
}

// run prints the URL as soon as it accepts calls, so that a script can wait for the line.
// It serves until ctx ends or the process is told to stop.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := listen(o.listen, o.public)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: o.ec2(), ReadHeaderTimeout: 10 * time.Second}
	// Close, not Shutdown, which would wait for calls that hang.
	defer context.AfterFunc(ctx, func() { server.Close() })()
	fmt.Fprintf(stdout, "http://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// listen rejects an address that other machines can reach, unless public is set: the
// emulator checks no signatures.
func listen(address string, public bool) (net.Listener, error) {
	addr, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("-listen %q: want host:port, such as 127.0.0.1:4566: %w", address, err)
	}
	if !public && !addr.IP.IsLoopback() {
		return nil, fmt.Errorf("-listen %q: want a loopback address, such as 127.0.0.1:4566, or -public to let other machines call", address)
	}
	listener, err := net.ListenTCP("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("-listen %q: want an address of this machine and a port that is free, or 0 for any: %w", address, err)
	}
	return listener, nil
}
