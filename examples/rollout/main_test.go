package main

import (
	"os"
	"testing"
)

// runAsProgram makes the test binary the program: what is killed must be a process.
const runAsProgram = "ROLLOUT_TEST_RUN_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(runAsProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}
