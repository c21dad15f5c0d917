// Fleetplot draws docs/fleet.svg: how fast flow logs for 100,000 VPCs are created,
// by this library and by the loops that one would write on the SDK, beside the
// least time that EC2's bucket of calls allows. It runs the model of BenchmarkFleet
// and needs no network.
//
//	go -C examples run ./fleetplot
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
	account, way string
	points       []point
}

// point is how many resources have a flow log after so many seconds.
type point struct{ seconds, resources float64 }

func main() {
	log.SetFlags(0)
	log.SetPrefix("fleetplot: ")
	module := flag.String("module", "..", "folder of the library")
	out := flag.String("o", "../docs/fleet.svg", "file to write")
	flag.Parse()
	all, err := measure(*module)
	if err == nil {
		err = draw(*out, all)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// measure runs the model in the library's own tests.
func measure(module string) ([]series, error) {
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
		return nil, fmt.Errorf("run the model: %w\n%s", err, output)
	}
	return read(file)
}

// read returns the series of a file with the columns account, way, seconds and
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
			return nil, fmt.Errorf("%s: line %d: want two numbers after account and way, have %q", file, i+1, row)
		}
		at := slices.IndexFunc(all, func(s series) bool { return s.account == row[0] && s.way == row[1] })
		if at < 0 {
			at = len(all)
			all = append(all, series{account: row[0], way: row[1]})
		}
		all[at].points = append(all[at].points, point{seconds, resources})
	}
	return all, nil
}
