package experiments

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assay/attr"
	"assay/metrics"
	"assay/model"
)

// blockSize is the number of images that are computed together. It is fixed, so
// that a cell is the same whoever computes it; a multiple of model.Lanes, so
// that no lane idles.
const blockSize = 2 * model.Lanes

// Plan is the grid of a run spread into cells and tasks. It is made from the
// manifest and the model's hash alone, so that the run, every shard and the
// report agree on it.
type Plan struct {
	Attributions []Attribution
	Metrics      []Metric
	Images       []int   // indices into the split
	Groups       [][]int // attributions that are cheaper together, see attr.Share
	Tasks        []Task  // most expensive first

	man   *Manifest
	spec  *Spec
	net   *model.Net
	model string // Model.Hash
}

// Task is what one worker does in one go: a group of attributions on a block of
// images, with all their metrics.
type Task struct {
	Number     int // shards take every n-th
	Block      int
	Group      int
	Gradients  int // passes forward and backward it takes, about
	Forwards   int // and passes forward alone
	blockFirst bool
}

// gradientWork is what a gradient costs in passes forward: one of its own, and
// about two for the way back.
const gradientWork = 3

// work is the cost of the task in passes forward.
func (t Task) work() int { return gradientWork*t.Gradients + t.Forwards }

func newPlan(spec *Spec, man *Manifest, modelHash string) (*Plan, error) {
	net, err := man.net()
	if err != nil {
		return nil, err
	}
	p := &Plan{Attributions: spec.Attributions, Metrics: spec.Metrics, Images: man.Images, man: man, spec: spec, net: net, model: modelHash}
	ms := make([]attr.Method, len(p.Attributions))
	for i, a := range p.Attributions {
		ms[i] = a.Method
	}
	p.Groups = attr.Share(ms)
	for b := range p.Blocks() {
		for g := range p.Groups {
			t := Task{Block: b, Group: g, blockFirst: g == 0}
			p.cost(&t)
			p.Tasks = append(p.Tasks, t)
		}
	}
	// The longest first, so that no worker is left alone with one at the end.
	slices.SortStableFunc(p.Tasks, func(a, b Task) int {
		return cmp.Compare(b.work(), a.work())
	})
	for i := range p.Tasks {
		p.Tasks[i].Number = i
	}
	return p, nil
}

// Blocks returns the number of blocks of images.
func (p *Plan) Blocks() int { return (len(p.Images) + blockSize - 1) / blockSize }

// block returns the positions of the block's images in Images.
func (p *Plan) block(b int) (from, to int) {
	return b * blockSize, min(len(p.Images), (b+1)*blockSize)
}

// scored returns how many images of the block the metric is computed for.
func (p *Plan) scored(m, b int) int {
	from, to := p.block(b)
	if limit := p.Metrics[m].MaxImages; limit > 0 {
		to = min(to, limit)
	}
	return max(0, to-from)
}

// applies tells whether the metric is computed for the attribution. Controls
// are always compared.
func (p *Plan) applies(a, m int) bool { return p.Metrics[m].covers(p.Attributions[a]) }

func (m *Metric) covers(a Attribution) bool {
	return len(m.Only) == 0 || a.Control || slices.Contains(m.Only, a.Name)
}

// pictured returns how many images of the block are shown in the report.
func (p *Plan) pictured(b int) int {
	from, to := p.block(b)
	return max(0, min(to, p.spec.Report.Pictures)-from)
}

// explaining estimates the passes that attributing one image by all members
// takes, with what they share computed once: forward and backward, and forward
// alone.
func (p *Plan) explaining(members []int) (gradients, forwards int) {
	type noise struct {
		stdev    float64
		relative bool
	}
	type passes struct{ gradients, forwards int }
	largest := map[noise]passes{} // of the noise tunnels of a group
	for _, k := range members {
		m := p.Attributions[k].Method
		add := passes{attr.Passes(m, p.net), attr.Forwards(m, p.net)}
		if t, ok := m.(*attr.NoiseTunnel); ok && t.Tolerance == 0 {
			at := noise{t.Stdevs, t.StdevsRelative}
			former := largest[at]
			add.gradients = max(0, add.gradients-former.gradients)
			add.forwards = max(0, add.forwards-former.forwards)
			largest[at] = passes{former.gradients + add.gradients, former.forwards + add.forwards}
		}
		gradients += add.gradients
		forwards += add.forwards
	}
	return gradients, forwards
}

// explainingWork is the cost of explaining one image by all members, in passes
// forward.
func (p *Plan) explainingWork(members []int) int {
	gradients, forwards := p.explaining(members)
	return gradientWork*gradients + forwards
}

// bounded tells whether the task's cost is a bound, since a method of it looks at
// each image to know when to stop.
func (p *Plan) bounded(t Task) bool {
	return slices.ContainsFunc(p.Groups[t.Group], func(a int) bool { return attr.AtMost(p.Attributions[a].Method) })
}

func (p *Plan) cost(t *Task) {
	group := p.Groups[t.Group]
	from, to := p.block(t.Block)
	n := to - from
	gradients, forwards := p.explaining(group)
	t.Gradients = n * gradients
	t.Forwards = n * (forwards + 1 + 2*len(group))
	for m := range p.Metrics {
		forward, explain := metrics.Cost(p.Metrics[m].Metric, p.net)
		members := p.members(group, m)
		gradients, forwards := p.explaining(members)
		scored := p.scored(m, t.Block)
		t.Gradients += scored * explain * gradients
		t.Forwards += scored * (explain*forwards + forward*len(members))
	}
}

func (p *Plan) members(group []int, m int) []int {
	var out []int
	for _, a := range group {
		if p.applies(a, m) {
			out = append(out, a)
		}
	}
	return out
}

// common are the fields of every key: everything that may change any number.
func (p *Plan) common(kind string, indices []int) []string {
	seen := make([]string, len(indices))
	for i, x := range indices {
		seen[i] = strconv.Itoa(x)
	}
	return []string{
		kind, "assay", Version(), "model", p.model, "data", p.man.DataHash, "images", strings.Join(seen, ","),
		"seed", strconv.FormatUint(p.spec.Seed, 10), "target", string(p.spec.Target),
	}
}

func (p *Plan) indices(b, n int) []int {
	from, _ := p.block(b)
	return p.Images[from : from+n]
}

// imagesKey names the cell that holds what is known of a block's images:
// labels, predictions, logits, pixels of those that are pictured; where maps are
// held against masks, the sizes of the objects.
func (p *Plan) imagesKey(b int) string {
	from, to := p.block(b)
	f := append(p.common("images", p.indices(b, to-from)), "pictured", strconv.Itoa(p.pictured(b)))
	if p.localises() {
		f = append(f, "object", "pixels")
	}
	return keyOf(f...)
}

// localises tells whether a metric of the plan holds maps against masks.
func (p *Plan) localises() bool {
	return slices.ContainsFunc(p.Metrics, func(m Metric) bool { return metrics.NeedsMask(m.Metric) })
}

// mapsKey names the cell of an attribution on a block: values at input and
// baseline, maps of the images that are pictured.
func (p *Plan) mapsKey(a, b int) string {
	from, to := p.block(b)
	f := append(p.common("maps", p.indices(b, to-from)), "pictured", strconv.Itoa(p.pictured(b)))
	return keyOf(append(f, p.methodFields(a)...)...)
}

// scoresKey names the cell of a metric's values for an attribution on a block.
func (p *Plan) scoresKey(a, m, b int) string {
	f := p.common("scores", p.indices(b, p.scored(m, b)))
	f = append(f, p.methodFields(a)...)
	f = append(f, "metric", p.Metrics[m].Name)
	for _, o := range p.Metrics[m].Options {
		if o.Name != "max_images" { // the indices say it
			f = append(f, o.Name, o.Value)
		}
	}
	if len(p.man.Mean) > 0 {
		f = append(f, "mean", fmt.Sprint(p.man.Mean))
	}
	return keyOf(f...)
}

func (p *Plan) methodFields(a int) []string {
	f := fields([]string{"method", p.Attributions[a].Name}, p.Attributions[a].Options)
	if usesReference(p.Attributions[a].Method) {
		f = append(f, "training images", p.man.Reference)
	}
	for _, name := range attr.Files(p.Attributions[a].Method) {
		for _, x := range p.man.Files {
			if x.Name == name {
				f = append(f, "file", x.Sum)
			}
		}
	}
	return f
}

// keys lists the cells of a task.
func (p *Plan) keys(t Task) []string {
	var ks []string
	if t.blockFirst {
		ks = append(ks, p.imagesKey(t.Block))
	}
	for _, a := range p.Groups[t.Group] {
		ks = append(ks, p.mapsKey(a, t.Block))
		for m := range p.Metrics {
			if p.applies(a, m) && p.scored(m, t.Block) > 0 {
				ks = append(ks, p.scoresKey(a, m, t.Block))
			}
		}
	}
	return ks
}

// Cells returns the number of cells of the whole plan.
func (p *Plan) Cells() int {
	n := 0
	for _, t := range p.Tasks {
		n += len(p.keys(t))
	}
	return n
}

// fields appends names and values of options to the fields of a key.
func fields(f []string, os []Option) []string {
	for _, o := range os {
		f = append(f, o.Name, o.Value)
	}
	return f
}
