"""Array types that say the dimension."""

import numpy as np
import numpy.typing as npt

BoolArray1D = npt.NDArray[np.bool_]
Int8Array1D = npt.NDArray[np.int8]
Int32Array1D = npt.NDArray[np.int32]
Int64Array1D = npt.NDArray[np.int64]
Int64Array2D = npt.NDArray[np.int64]
Float32Array1D = npt.NDArray[np.float32]
Float32Array2D = npt.NDArray[np.float32]
Float32Array3D = npt.NDArray[np.float32]
Float64Array1D = npt.NDArray[np.float64]
Float64Array2D = npt.NDArray[np.float64]
