package simulation

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Listen listens at a loopback address, where no other machine can call: signatures
// are not checked.
func Listen(address string) (net.Listener, error) {
	resolved, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, err
	}
	if !resolved.IP.IsLoopback() {
		return nil, fmt.Errorf("%q: want a loopback address, such as 127.0.0.1:4567", address)
	}
	return net.ListenTCP("tcp", resolved)
}

// Serve serves until ctx ends.
func (o *Organization) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{Handler: o, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
