package main

import (
	"bytes"
	"fmt"
	"image/color"
	"os"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	vgdraw "gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// styles are the lines of the picture, in colours that read on white and on black.
var styles = map[string]vgdraw.LineStyle{
	"least time possible":        {Color: color.Gray{Y: 128}, Width: vg.Points(1.5), Dashes: []vg.Length{vg.Points(5), vg.Points(4)}},
	"flowlogs":                   {Color: color.RGBA{R: 0x1a, G: 0x9f, B: 0x6a, A: 0xff}, Width: vg.Points(2.2)},
	"SDK loop, standard retries": {Color: color.RGBA{R: 0xd9, G: 0x66, B: 0x1f, A: 0xff}, Width: vg.Points(1.4)},
	"SDK loop, adaptive retries": {Color: color.RGBA{R: 0x3b, G: 0x82, B: 0xd6, A: 0xff}, Width: vg.Points(1.4)},
	"SDK loop, one VPC a call":   {Color: color.RGBA{R: 0xb0, G: 0x4f, B: 0xc4, A: 0xff}, Width: vg.Points(2)},
}

const (
	width  = 9 * vg.Inch
	height = 3.6 * vg.Inch
)

func init() { plot.DefaultFont = font.Font{Typeface: "Liberation", Variant: "Sans"} }

// draw writes a panel for each account, side by side.
func draw(file string, all []series) error {
	var accounts []string
	panels := make(map[string]*plot.Plot)
	for _, s := range all {
		p := panels[s.account]
		if p == nil {
			p = newPanel(s.account)
			panels[s.account] = p
			accounts = append(accounts, s.account)
		}
		line, err := plotter.NewLine(points(s.points))
		if err != nil {
			return err
		}
		line.LineStyle = styles[s.way]
		p.Add(line)
		p.Legend.Add(s.label(), line)
	}
	canvas := vgsvg.New(width, height)
	whole := vgdraw.New(canvas)
	tiles := vgdraw.Tiles{Rows: 1, Cols: len(accounts), PadX: vg.Points(18), PadTop: vg.Points(6), PadBottom: vg.Points(6), PadLeft: vg.Points(6), PadRight: vg.Points(10)}
	for i, account := range accounts {
		panels[account].Draw(tiles.At(whole, i, 0))
	}
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return err
	}
	return os.WriteFile(file, adaptive(svg.String()), 0o644)
}

// label names the line and says where it ends.
func (s series) label() string {
	last := s.points[len(s.points)-1]
	thousands := strconv.FormatFloat(last.resources/1000, 'f', 1, 64)
	return fmt.Sprintf("%s: %sk in %.0f s", s.way, thousands, last.seconds)
}

func newPanel(account string) *plot.Plot {
	p := plot.New()
	p.Title.Text = account
	p.Title.TextStyle.Font.Size = vg.Points(11)
	p.X.Label.TextStyle.Font.Size, p.Y.Label.TextStyle.Font.Size = vg.Points(9), vg.Points(9)
	p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = vg.Points(8), vg.Points(8)
	p.Legend.TextStyle.Font.Size = vg.Points(7.5)
	p.X.Tick.Marker = everyTwenty{}
	p.X.Label.Text = "time (seconds)"
	p.Y.Label.Text = "VPCs with a flow log (thousands)"
	p.BackgroundColor = nil // that of the page
	p.X.Min, p.Y.Min, p.Y.Max = 0, 0, 104
	p.Legend.Left = false
	p.Legend.Top = false
	p.Legend.Padding = vg.Points(2)
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(-4), vg.Points(6)
	return p
}

func points(of []point) plotter.XYs {
	xys := make(plotter.XYs, len(of))
	for i, p := range of {
		xys[i].X, xys[i].Y = p.seconds, p.resources/1000
	}
	return xys
}

// everyTwenty marks every twenty seconds.
type everyTwenty struct{}

func (everyTwenty) Ticks(_, most float64) []plot.Tick {
	var ticks []plot.Tick
	for x := 0.0; x <= most; x += 20 {
		ticks = append(ticks, plot.Tick{Value: x, Label: strconv.Itoa(int(x))})
	}
	return ticks
}

// adaptive makes what is black in the picture follow the reader's theme.
func adaptive(svg string) []byte {
	const style = "<style>text{font-family:'Liberation Sans',Arial,Helvetica,sans-serif!important;fill:currentColor}svg{color:#1f2328}@media(prefers-color-scheme:dark){svg{color:#e6edf3}}</style>\n"
	svg = strings.ReplaceAll(svg, "#000000", "currentColor")
	at := strings.Index(svg, "<g")
	return []byte(svg[:at] + style + svg[at:])
}
