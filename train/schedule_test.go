package train

import (
	"math"
	"testing"
)

func TestRate(t *testing.T) {
	s := DefaultSettings()
	s.LR = 0.1
	step, cosine := s, s
	step.Schedule, step.StepSize = "step", 2
	cosine.Schedule, cosine.MinLR = "cosine", 0.01
	for _, c := range []struct {
		name string
		s    Settings
		want []float64
	}{
		{"constant", s, []float64{0.1, 0.1, 0.1, 0.1, 0.1}},
		// torch.optim.lr_scheduler.StepLR(step_size=2, gamma=0.1).get_last_lr()
		{"step", step, []float64{0.1, 0.1, 0.01, 0.01, 0.001}},
		// 0.01 + 0.09*(1+cos(k*36 degrees))/2 with cos 36 degrees = (1+sqrt 5)/4
		{"cosine", cosine, []float64{0.1, 0.01 + 0.045*(1+(1+math.Sqrt(5))/4), 0.01 + 0.045*(1+(math.Sqrt(5)-1)/4), 0.01 + 0.045*(1-(math.Sqrt(5)-1)/4), 0.01 + 0.045*(1-(1+math.Sqrt(5))/4)}},
	} {
		for e, want := range c.want {
			if got := c.s.Rate(e); math.Abs(got-want) > 1e-16 {
				t.Errorf("%s: epoch %d: got %.17g, want %.17g", c.name, e, got, want)
			}
		}
	}
}

func TestCosPi(t *testing.T) {
	for i := 0; i <= 1000; i++ {
		x := float64(i) / 1000
		if got, want := cosPi(x), math.Cos(math.Pi*x); math.Abs(got-want) > 5e-16 { // the argument math.Pi*x is itself rounded
			t.Errorf("cosPi(%g): got %.17g, want %.17g", x, got, want)
		}
	}
	for x, want := range map[float64]float64{0: 1, 0.5: 0, 1: -1} {
		if got := cosPi(x); got != want {
			t.Errorf("cosPi(%g): got %g, want %g", x, got, want)
		}
	}
}
