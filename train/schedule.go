package train

// Rate returns the learning rate of an epoch, counted from 0.
//
//	constant  lr
//	step      lr * gamma^floor(epoch/step_size)                       torch.optim.lr_scheduler.StepLR
//	cosine    min_lr + (lr-min_lr) * (1 + cos(pi*epoch/epochs)) / 2   CosineAnnealingLR, eta_min = min_lr, T_max = epochs
//
// The cosine is Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with
// Warm Restarts", ICLR 2017, equation 5, without restarts. The rate changes
// between epochs only, as when scheduler.step() is called after each.
func (s Settings) Rate(epoch int) float64 {
	switch s.Schedule {
	case "step":
		lr := s.LR
		for range epoch / s.StepSize {
			lr *= s.Gamma
		}
		return lr
	case "cosine":
		half := (1 + cosPi(float64(epoch)/float64(s.Epochs))) / 2
		return s.MinLR + float64((s.LR-s.MinLR)*half)
	}
	return s.LR
}

// cosPi returns cos(pi*x) for x in [0, 1] to about 1e-16. math.Cos may be
// compiled with fused multiply-add and then differ in the last bit between
// CPUs; here every product is rounded by itself.
func cosPi(x float64) float64 {
	if x > 0.5 {
		return -cosPi(1 - x)
	}
	if x > 0.25 {
		return series(0.5-x, 1)
	}
	return series(x, 0)
}

// series sums the Taylor series of cos(pi*x) (first = 0) or sin(pi*x)
// (first = 1) for x in [0, 1/4], where 11 terms are more than float64 can hold.
func series(x float64, first int) float64 {
	const pi = 3.14159265358979323846
	y := float64(pi * x)
	square := float64(y * y)
	sum := 1.0
	for k := 10; k > 0; k-- { // Horner, from the smallest term
		n := float64(2*k + first)
		sum = 1 - float64(square*sum)/float64(n*(n-1))
	}
	if first == 1 {
		return float64(y * sum)
	}
	return sum
}
