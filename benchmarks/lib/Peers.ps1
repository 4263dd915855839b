# The Python that runs peers' functions, and the other ends of pipes and sockets: processes that stay for a job.
$script:peerFolder = [IO.Path]::GetFullPath("$PSScriptRoot/../peers")
$script:python = $null
$script:ends = $null

function Open-Peer([string[]] $ArgumentList) {
    $start = [Diagnostics.ProcessStartInfo]::new('python3', [string[]]$ArgumentList)
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    [Diagnostics.Process]::Start($start)
}

function Get-PythonProcess {
    if (-not $script:python) { $script:python = Open-Peer "$script:peerFolder/peer.py" }
    $script:python
}

# Calls a function of peers/peer.py and answers what it measured.
function Invoke-Python([string[]] $Call, [int] $Repeat = 1) {
    $process = Get-PythonProcess
    $process.StandardInput.WriteLine((@{ call = $Call; repeat = $Repeat } | ConvertTo-Json -Compress))
    $answer = "$($process.StandardOutput.ReadLine())" | ConvertFrom-Json
    if (-not $answer -or $answer.Error) { throw "peer.py, $($Call[0]): $($answer.Error ?? 'it has ended')" }
    $answer
}

# Sinks and feeds, addresses and all: see peers/ends.py.
function Get-End([string] $Folder, [string] $Source) {
    if ($script:ends) { throw 'A job has one set of ends.' }
    $script:ends = Open-Peer @("$script:peerFolder/ends.py"; $Folder; if ($Source) { $Source })
    "$($script:ends.StandardOutput.ReadLine())" | ConvertFrom-Json
}

# A socket that is connected to HOST:PORT or to the path of a Unix socket.
function Connect-Socket([string] $Address) {
    if ($Address.StartsWith('/')) {
        $socket = [Net.Sockets.Socket]::new([Net.Sockets.AddressFamily]::Unix, 'Stream', 'Unspecified')
        $socket.Connect([Net.Sockets.UnixDomainSocketEndPoint]::new($Address))
    }
    else {
        $socket = [Net.Sockets.Socket]::new([Net.Sockets.AddressFamily]::InterNetwork, 'Stream', 'Tcp')
        $socket.Connect([Net.IPEndPoint]::Parse($Address))
    }

    $socket
}

# The other side has everything when it has closed its side.
function Complete-Sending([Net.Sockets.Socket] $Socket) {
    $Socket.Shutdown('Send')
    $null = $Socket.Receive([byte[]]::new(1))
    $Socket.Dispose()
}

function Close-Peer {
    foreach ($process in $script:python, $script:ends) {
        if ($process) {
            $process.StandardInput.Close()
            if (-not $process.WaitForExit(2000)) { $process.Kill(); $process.WaitForExit() }
            $process.Dispose()
        }
    }

    $script:python = $script:ends = $null
}
