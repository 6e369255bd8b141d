"""Any picture file becomes upright RGB pixels, or one sentence that says why not."""

import io
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edge.errors import DataError
from edge.pictures import MAX_PIXELS, read_picture


def saved(path, picture, **options):
    """Save a picture and return its path."""
    picture.save(path, **options)
    return path


def test_a_plain_picture_comes_back_pixel_by_pixel(tmp_path):
    """PNG loses nothing, so neither may the reader."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)

    assert np.array_equal(read_picture(saved(tmp_path / "a.png", Image.fromarray(pixels))), pixels)


@pytest.mark.parametrize(("orientation", "corner"), [(1, (0, 0)), (3, (-1, -1)), (6, (0, -1)), (8, (-1, 0))])
def test_the_exif_orientation_is_applied(tmp_path, orientation, corner):
    """Phones store the picture as the sensor lay and say how to turn it: a mark in the first corner moves along."""
    pixels = np.zeros((32, 48, 3), np.uint8)
    pixels[:8, :8] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation

    found = read_picture(saved(tmp_path / "a.jpg", Image.fromarray(pixels), exif=exif, quality=95))

    assert found.shape == ((48, 32, 3) if orientation in (6, 8) else (32, 48, 3))
    assert found[corner].min() > 200
    assert found.mean() < 40


def test_sixteen_bit_grey_keeps_its_top_eight_bits(tmp_path):
    """Industrial cameras give 12 or 16 bits; cutting off at 255 would turn everything white."""
    wide = (np.arange(16 * 16, dtype=np.uint16).reshape(16, 16) * 256).astype(np.uint16)

    found = read_picture(saved(tmp_path / "a.png", Image.fromarray(wide)))

    assert np.array_equal(found[..., 0], np.arange(256, dtype=np.uint8).reshape(16, 16))
    assert np.array_equal(found[..., 0], found[..., 2])


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_lies_on_white(tmp_path, mode):
    """Cut-out parts must not get a black ground that no belt has."""
    clear = Image.new("RGBA", (16, 16), (200, 0, 0, 0)).convert(mode)

    assert read_picture(saved(tmp_path / "a.png", clear)).min() == 255


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "I", "F", "YCbCr"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    """Whatever Pillow opens has three channels afterwards."""
    path = saved(tmp_path / "a.tif", Image.new("L", (24, 16), 90).convert(mode))

    found = read_picture(path)

    assert (found.shape, found.dtype) == ((16, 24, 3), np.uint8)


def test_the_first_frame_stands_for_an_animation(tmp_path):
    """A GIF may move; a part is judged by one picture."""
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])

    assert read_picture(tmp_path / "a.gif")[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("contents", "complaint"),
    [(b"this is no picture\n", "no picture reader knows"), (b"", "no picture reader knows"), (None, "no such file")],
)
def test_what_is_no_picture_is_named(tmp_path, contents, complaint):
    """A text file called .jpg, an empty file and a missing one: each a sentence with the path in front."""
    path = tmp_path / "part.jpg"
    if contents is not None:
        path.write_bytes(contents)

    with pytest.raises(DataError, match=complaint) as caught:
        read_picture(path)

    assert str(caught.value).startswith(f"{path}: expected")


def test_a_folder_is_no_picture(tmp_path):
    """A folder called like a picture is said to be damaged, not walked into."""
    with pytest.raises(DataError, match="expected"):
        read_picture(tmp_path)


@pytest.mark.parametrize("size", [(1, 1), (7, 400)])
def test_too_small_is_refused(tmp_path, size):
    """Nothing can be seen on one pixel."""
    path = saved(tmp_path / "a.png", Image.new("RGB", size))

    with pytest.raises(DataError, match=f"found {size[0]}x{size[1]}; use a larger picture"):
        read_picture(path)


@pytest.mark.parametrize("side", [10_001, 20_000])
def test_too_large_is_refused_before_a_pixel_is_decoded(tmp_path, side):
    """20000x20000 pixels would take 1.2 GB; a few hundred bytes of header are enough to say no."""
    header = io.BytesIO()
    Image.new("L", (8, 8)).save(header, "PNG")
    raw = bytearray(header.getvalue())
    raw[16:24] = side.to_bytes(4, "big") * 2
    raw[29:33] = zlib.crc32(raw[12:29]).to_bytes(4, "big")
    (tmp_path / "a.png").write_bytes(raw)

    with pytest.raises(DataError, match=f"at most {MAX_PIXELS // 1_000_000} megapixels"):
        read_picture(tmp_path / "a.png")


@pytest.fixture(scope="module")
def whole_files():
    """The bytes of a JPEG and of a PNG."""
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8))
    files = {}
    for kind in ("JPEG", "PNG"):
        buffer = io.BytesIO()
        picture.save(buffer, kind)
        files[kind] = buffer.getvalue()
    return files


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """A file to write to again and again."""
    return tmp_path_factory.mktemp("pictures") / "a.img"


@given(kind=st.sampled_from(["JPEG", "PNG"]), cut=st.floats(0, 0.98))
def test_a_truncated_picture_is_refused(whole_files, scratch, kind, cut):
    """An interrupted copy is not silently half a picture."""
    data = whole_files[kind]
    scratch.write_bytes(data[: int(len(data) * cut)])

    with pytest.raises(DataError):
        read_picture(scratch)


@given(kind=st.sampled_from(["JPEG", "PNG"]), position=st.floats(0, 0.999), value=st.integers(0, 255))
def test_a_damaged_picture_is_read_or_refused(whole_files, scratch, kind, position, value):
    """Whatever byte is wrong: pixels or a DataError, never another exception."""
    data = bytearray(whole_files[kind])
    data[int(len(data) * position)] = value
    scratch.write_bytes(data)

    try:
        found = read_picture(scratch)
    except DataError:
        return
    assert (found.ndim, found.shape[2], found.dtype) == (3, 3, np.uint8)


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(scratch, data):
    """Bytes that nobody made as a picture are refused with a sentence."""
    scratch.write_bytes(data)

    with pytest.raises(DataError):
        read_picture(scratch)
