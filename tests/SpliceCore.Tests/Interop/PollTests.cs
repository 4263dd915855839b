using Microsoft.Win32.SafeHandles;
using Splice.Interop;
using Xunit;

namespace Splice.Tests.Interop;

/// <summary>A process that another test starts has a copy of every descriptor until its exec: an end that is closed would stay open.</summary>
[Collection(SerialCollection.Name)]
public class PollTests
{
    [Fact]
    public void Poll_tells_which_descriptor_is_ready_and_for_what()
    {
        (SafeFileHandle readEnd, SafeFileHandle writeEnd) = Posix.Pipe();
        using (readEnd)
        {
            Assert.Equal((1, PollEvents.None, PollEvents.Out), Look(readEnd, writeEnd));
            LibC.Write(writeEnd, [1], null);
            Assert.Equal((2, PollEvents.In, PollEvents.Out), Look(readEnd, writeEnd));
            writeEnd.Dispose();
            Assert.Equal((1, PollEvents.In | PollEvents.HangUp, PollEvents.None), Look(readEnd, null));
        }

        Assert.Equal((0, PollEvents.None, PollEvents.None), Look(null, null));
    }

    [Fact]
    public void Poll_marks_a_number_that_is_not_open()
    {
        LibC.PollDescriptor[] descriptors = [new() { Descriptor = int.MaxValue }];
        Assert.Equal(1, LibC.Poll(descriptors, 0).Value);
        Assert.Equal(PollEvents.Invalid, descriptors[0].Returned);
    }

    [Fact]
    public void An_event_descriptor_is_readable_once_it_was_written()
    {
        Assert.True(LibC.EventFd(out SafeFileHandle handle).Ok);
        using (handle)
        {
            byte[] value = new byte[8];
            Assert.Equal(Errno.EAGAIN, LibC.Read(handle, value, null).Errno);
            Assert.Equal((1, PollEvents.None, PollEvents.Out), Look(handle, handle));
            Assert.Equal(8, LibC.Write(handle, BitConverter.GetBytes(3L), null).Value);
            Assert.Equal((2, PollEvents.In, PollEvents.Out), Look(handle, handle));
            Assert.Equal(8, LibC.Read(handle, value, null).Value);
            Assert.Equal(3, BitConverter.ToInt64(value));
        }
    }

    private static (long Ready, PollEvents Reading, PollEvents Writing) Look(SafeFileHandle? toRead, SafeFileHandle? toWrite)
    {
        LibC.PollDescriptor[] descriptors =
        [
            new() { Descriptor = (int)(toRead?.DangerousGetHandle() ?? -1), Events = PollEvents.In },
            new() { Descriptor = (int)(toWrite?.DangerousGetHandle() ?? -1), Events = PollEvents.Out },
        ];
        long ready = LibC.Poll(descriptors, 0).Value;
        return (ready, descriptors[0].Returned, descriptors[1].Returned);
    }
}
