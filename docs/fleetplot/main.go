// Fleetplot draws docs/fleet.svg: how fast flow logs for 100,000 VPCs are created, by
// this library and by the loops that one would write on the SDK, on a quiet account and
// on a bad day. It runs the simulation in fleet_series_test.go and needs no network.
//
//	go run ./docs/fleetplot
package main

import (
	"encoding/csv"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// series is one line of the picture.
type series struct {
	fleet, way string
	points     []point
}

// point is how many resources have a flow log after so many seconds.
type point struct{ seconds, resources float64 }

func (s *series) end() point { return s.points[len(s.points)-1] }

func main() {
	log.SetFlags(0)
	log.SetPrefix("fleetplot: ")
	module := flag.String("module", ".", "folder of the library")
	flag.Parse()
	all, err := simulate(*module)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*module, "docs", "fleet.svg"), draw(all), 0o644); err != nil {
		log.Fatal(err)
	}
}

// simulate runs the simulation, which is a test of the library.
func simulate(module string) ([]series, error) {
	dir, err := os.MkdirTemp("", "fleetplot")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "series.csv")
	command := exec.Command("go", "test", "-run", "^TestFleet_IsNeverFasterThanTheBucketAllows$", "-count", "1", ".", "-fleet.series", file)
	command.Dir = module
	command.Stderr = os.Stderr
	if output, err := command.Output(); err != nil {
		return nil, fmt.Errorf("run the simulation: %w\n%s", err, output)
	}
	return read(file)
}

// read returns the series of a file with the columns fleet, way, seconds and
// resources, in the order of the file.
func read(file string) ([]series, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	var all []series
	for i, row := range rows {
		seconds, errSeconds := strconv.ParseFloat(row[2], 64)
		resources, errResources := strconv.ParseFloat(row[3], 64)
		if errSeconds != nil || errResources != nil {
			return nil, fmt.Errorf("%s: line %d: want two numbers after fleet and way, have %q", file, i+1, row)
		}
		at := slices.IndexFunc(all, func(s series) bool { return s.fleet == row[0] && s.way == row[1] })
		if at < 0 {
			at = len(all)
			all = append(all, series{fleet: row[0], way: row[1]})
		}
		all[at].points = append(all[at].points, point{seconds, resources})
	}
	return all, nil
}
