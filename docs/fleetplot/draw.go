package main

import (
	"fmt"
	"strconv"
	"strings"
)

const fleetSize = 100_000

// The picture in pixels. It has its own background, because a page may be dark where
// the reader's system is light. The texts have room for the widest of the fonts.
const (
	width, height = 880, 316
	top, bottom   = 76, 268
)

const head = `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d" role="img" aria-label="%[3]s">
<style>
text{font:12px 'Liberation Sans',Arial,Helvetica,sans-serif;fill:#59636e}
.page{fill:#fff}.title{font-size:14px;font-weight:bold;fill:#1f2328}.grid{stroke:#d1d9e0}
.outage{fill:#818b98;fill-opacity:.15}.lead{stroke:#818b98;stroke-dasharray:1 2}
.least{color:#59636e}.standard{color:#bc4c00}.adaptive{color:#0969da}.flowlogs{color:#1a7f37}
.name{font-weight:bold;fill:currentColor}circle{fill:currentColor}
polyline{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}
polyline.least{stroke-width:1.2;stroke-dasharray:5 4}polyline.flowlogs{stroke-width:3}
@media(prefers-color-scheme:dark){text{fill:#9198a1}.page{fill:#0d1117}.title{fill:#f0f6fc}.grid{stroke:#3d444d}
.least{color:#9198a1}.standard{color:#f0883e}.adaptive{color:#58a6ff}.flowlogs{color:#3fb950}.name{fill:currentColor}}
</style>
<rect class="page" width="%[1]d" height="%[2]d" rx="6"/>
`

// panel is the picture of one fleet.
type panel struct {
	fleet, title, subtitle string
	left, right            float64           // of the plot
	seconds, step          float64           // the end of the time axis, and the distance of its marks
	labels                 map[string]offset // where the label of a way stands
}

// offset is the place of a label's first line: x in pixels, y in thousands of VPCs. A
// label at x of zero stands at the right of the plot.
type offset struct{ x, y float64 }

var panels = []panel{
	{
		fleet: "quiet", title: "A quiet account", subtitle: "100,000 VPCs, nothing else happens",
		left: 64, right: 290, seconds: 60, step: 10,
		labels: map[string]offset{"least possible": {y: 103}, "flowlogs": {y: 80}, "SDK, adaptive": {y: 57}, "SDK, standard": {y: 34}},
	},
	{
		fleet: "bad day", title: "A bad day", subtitle: "2 minutes of outage; 20 VPCs have a flow log already",
		left: 484, right: 754, seconds: 250, step: 50,
		labels: map[string]offset{"least possible": {y: 78}, "flowlogs": {y: 103}, "SDK, adaptive": {x: 535, y: 83}, "SDK, standard": {x: 535, y: 63}},
	},
}

var classes = map[string]string{"least possible": "least", "SDK, standard": "standard", "SDK, adaptive": "adaptive", "flowlogs": "flowlogs"}

// draw returns the picture.
func draw(all []series) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, head, width, height, describe(all))
	for i := range panels {
		panels[i].draw(&b, all)
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

// describe says in words what the picture shows.
func describe(all []series) string {
	var parts []string
	for i := range panels {
		p := &panels[i]
		for j := range all {
			if s := &all[j]; s.fleet == p.fleet && classes[s.way] != "" {
				parts = append(parts, fmt.Sprintf("%s, %s: %s", p.title, s.way, s.result()))
			}
		}
	}
	return strings.Join(parts, "; ")
}

// result says how many VPCs are left without a flow log, or when all have one.
func (s *series) result() string {
	if without := fleetSize - int(s.end().resources); without > 0 {
		return thousands(without) + " without"
	}
	return fmt.Sprintf("all in %.0f s", s.end().seconds)
}

func (p *panel) x(seconds float64) float64 {
	return p.left + seconds/p.seconds*(p.right-p.left)
}

func y(resources float64) float64 {
	return bottom - resources/fleetSize*(bottom-top)
}

func (p *panel) draw(b *strings.Builder, all []series) {
	text := func(x, y float64, class, anchor, s string) {
		fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\" text-anchor=\"%s\">%s</text>\n", x, y, class, anchor, s)
	}
	start := p.left - 52
	text(start, 24, "title", "start", p.title)
	text(start, 42, "", "start", p.subtitle)
	text(start, 62, "", "start", "VPCs with a flow log")
	for _, n := range []int{0, fleetSize / 2, fleetSize} {
		fmt.Fprintf(b, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>\n", p.left, y(float64(n)), p.right)
		text(p.left-6, y(float64(n))+4, "", "end", thousands(n))
	}
	for t := 0.0; t <= p.seconds; t += p.step {
		text(p.x(t), bottom+18, "", "middle", strconv.Itoa(int(t)))
	}
	text((p.left+p.right)/2, bottom+36, "", "middle", "seconds")
	for i := range all {
		if s := &all[i]; s.fleet == p.fleet {
			p.drawSeries(b, s, text)
		}
	}
}

func (p *panel) drawSeries(b *strings.Builder, s *series, text func(x, y float64, class, anchor, s string)) {
	if s.way == "outage" {
		from, to := p.x(s.points[0].seconds), p.x(s.end().seconds)
		fmt.Fprintf(b, "<rect class=\"outage\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n", from, top, to-from, bottom-top)
		text((from+to)/2, bottom-10, "", "middle", "outage")
		return
	}
	class, label := classes[s.way], p.labels[s.way]
	var points []string
	for _, at := range s.points {
		points = append(points, fmt.Sprintf("%.1f,%.1f", p.x(at.seconds), y(at.resources)))
	}
	fmt.Fprintf(b, "<polyline class=\"%s\" points=\"%s\"/>\n", class, strings.Join(points, " "))
	endX, endY := p.x(s.end().seconds), y(s.end().resources)
	labelX, labelY := label.x, y(label.y*1000)
	if labelX == 0 {
		labelX = p.right + 22
	}
	fmt.Fprintf(b, "<path class=\"lead\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"/>\n",
		endX, endY, labelX-4, labelY+5, class, endX, endY)
	text(labelX, labelY, "name "+class, "start", s.way)
	text(labelX, labelY+15, "", "start", s.result())
}

// thousands returns n with commas.
func thousands(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}
