BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
    $script:server = Open-SshHost "$TestDrive/ssh"

    # What a script writes to the verbose or debug stream.
    function Get-Told([scriptblock] $Script, [string] $Kind) {
        @(& $Script *>&1 | Where-Object { $_.GetType().Name -eq "${Kind}Record" }).Message
    }
}

AfterAll {
    Close-SshHost $server
}

Describe '-Verbose' {
    BeforeEach {
        $script:folder = Add-MemoryFolder
        $null = New-Item -ItemType Directory "$folder/tree"
        Push-Location $folder
        [IO.File]::WriteAllBytes("$folder/a", (Get-TestByte 300000))
        [IO.File]::WriteAllBytes("$folder/tree/b", (Get-TestByte 100))
    }

    AfterEach {
        Pop-Location
        Remove-Item -Recurse -Force $folder
    }

    It 'tells of <Name>' -ForEach @(
        @{ Name = 'the method that serves'; Call = { Copy-ItemZeroCopy a copy -Reflink Never -Verbose }; Says = '*/a -> */copy: SendFile moved 293 KiB (300000 bytes); it is the first available method' }
        @{ Name = 'the method that was named'; Call = { Copy-ItemZeroCopy a copy -Method SendFile -Verbose }; Says = '*/a -> */copy: SendFile moved 293 KiB (300000 bytes); it was specified' }
        @{ Name = 'a method that does not serve'; Call = { Copy-ItemZeroCopy /proc/self/maps copy -Verbose }; Says = '*: SendFile: EINVAL, *' }
        @{ Name = 'a method that is not asked for'; Call = { Copy-ItemZeroCopy a copy -Reflink Never -Verbose }; Says = '*/a -> */copy: Reflink: *-Reflink Never*' }
        @{ Name = 'the pipe'; Call = { Copy-ItemZeroCopy a copy -Method Splice -PipeSize 128KB -Verbose }; Says = '*/a -> */copy: through a pipe of 128 KiB' }
        @{ Name = 'the staged file'; Call = { Copy-ItemZeroCopy a copy -Verbose }; Says = '*/copy: is written as *, and named at the end' }
        @{ Name = 'the file of -Resume'; Call = { truncate --size 10M a; Copy-ItemZeroCopy a copy -Resume -Verbose }; Says = "*/copy: is written as the partial file 'copy.*.splice-partial' beside it, from byte 0 on*" }
        @{ Name = 'a file that is written into'; Call = { Set-Content old old; Copy-ItemZeroCopy a old -InPlace -Verbose }; Says = '*/old: is written in place' }
        @{ Name = 'holes'; Call = { truncate --size 10M a; Copy-ItemZeroCopy a copy -Reflink Never -Verbose }; Says = '*/a -> */copy: * bytes) in holes: holes of the source' }
        @{ Name = 'the threads of a tree'; Call = { Copy-ItemZeroCopy tree copy -Recurse -ThrottleLimit 2 -Verbose }; Says = '*/tree: files are copied by 2 threads' }
        @{ Name = 'a pipeline'; Call = { 'a' | Get-Item | Copy-ItemZeroCopy -Destination tree -Reflink Never -Verbose }; Says = '*/a -> */tree/a: SendFile moved 293 KiB (300000 bytes); *' }
        @{ Name = 'many destinations'; Call = { Copy-StreamZeroCopy a b, c -Verbose }; Says = '*/a: is read once for 2 destinations, in chunks of up to * ?iB, *' }
        @{ Name = 'what commands read'; Call = { Invoke-PipelineZeroCopy { cat | wc -c } -InputPath a -Verbose }; Says = "*/cat: reads '*/a' itself, and writes a pipe" }
        @{ Name = 'a part'; Call = { Split-ItemZeroCopy a tree -PartCount 2 -Reflink Never -Verbose }; Says = '*/a -> */tree/a.001: SendFile moved * bytes); *' }
        @{ Name = 'a join'; Call = { Join-ItemZeroCopy a, tree/b whole -Reflink Never -Verbose }; Says = '*/a -> */whole: SendFile moved 293 KiB (300000 bytes); *' }
        @{ Name = 'handles'; Call = { $in = [IO.File]::OpenRead("$pwd/a"); $out = [IO.File]::Create("$pwd/out"); Invoke-Splice $in $out -Verbose; $in.Dispose(); $out.Dispose() }; Says = '*/a -> */out: Splice moved 293 KiB (300000 bytes); *' }
    ) {
        @(Get-Told $Call Verbose) -like $Says | Should -HaveCount 1
    }

    It 'tells how each host takes bytes' {
        if (-not $server) { Set-ItResult -Skipped -Because 'an sshd of the tests is not to be had here'; return }
        $told = Get-Told { Send-ItemZeroCopy a web1, web2 images/ -Verbose } Verbose
        foreach ($name in 'web1', 'web2') {
            @($told -like "${name}: */ssh *-- $name runs a script there") | Should -HaveCount 1
            @($told -like "${name}: receives $folder/a from byte 0 on, as all bytes") | Should -HaveCount 1
        }
    }

    It 'tells where a received file goes' {
        if (-not $server) { Set-ItResult -Skipped -Because 'an sshd of the tests is not to be had here'; return }
        Set-Content "$($server.Folder)/web1/x" content
        @(Get-Told { Receive-ItemZeroCopy x web1 got -Verbose } Verbose) -like "$folder/got: is written as *" | Should -HaveCount 1
    }

    It 'also tells what was decided for what then failed' {
        $told = Get-Told { Copy-ItemZeroCopy a /dev/full -Verbose -ErrorAction SilentlyContinue } Verbose
        @($told -like '/dev/full: is written in place*') | Should -HaveCount 1
    }

    It 'follows the preference' {
        $VerbosePreference = 'Continue'
        @(Get-Told { Copy-ItemZeroCopy a copy } Verbose) -like '* moved 293 KiB (300000 bytes)*' | Should -HaveCount 1
        @(Get-Told { Copy-ItemZeroCopy a copy -Verbose:$false } Verbose) | Should -BeNullOrEmpty
    }

    It 'is silent otherwise' {
        Get-Told { Copy-ItemZeroCopy a copy } Verbose | Should -BeNullOrEmpty
        Get-Told { Copy-ItemZeroCopy a copy -Verbose } Debug | Should -BeNullOrEmpty
    }
}

Describe '-Debug' {
    BeforeAll {
        $script:folder = Add-MemoryFolder
        $null = New-Item -ItemType Directory "$folder/tree"
        Push-Location $folder
        [IO.File]::WriteAllBytes("$folder/a", (Get-TestByte 300000))
        [IO.File]::WriteAllBytes("$folder/tree/b", (Get-TestByte 100))
    }

    AfterAll {
        Pop-Location
        Remove-Item -Recurse -Force $folder
    }

    It 'tells as many calls as the result counts, and asks nothing' {
        $output = Copy-ItemZeroCopy a copy -Method CopyFileRange -Debug 5>&1
        $result = $output | Where-Object { $_ -is [Splice.TransferResult] }
        $told = @($output | Where-Object { $_ -is [System.Management.Automation.DebugRecord] }).Message
        @($told -like 'Copying */a: copy_file_range: 1 call, 300000 bytes') | Should -HaveCount 1
        ($told | ForEach-Object { [int]($_ -replace '^.*: (\d+) calls?.*$', '$1') } | Measure-Object -Sum).Sum | Should -Be $result.SystemCalls
    }

    It 'tells why calls failed' {
        @(Get-Told { Copy-ItemZeroCopy missing copy -Debug -ErrorAction Ignore } Debug) -like '*: openat: 1 call, ENOENT' | Should -HaveCount 1
    }

    It 'tells the calls of <Name>' -ForEach @(
        @{ Name = 'a tree'; Call = { Copy-ItemZeroCopy tree trees -Recurse -Debug }; Says = '*/tree: mkdirat: 1 call' }
        @{ Name = 'files of a pipeline'; Call = { 'a', 'tree/b' | Get-Item | Copy-ItemZeroCopy -Destination (New-Item -ItemType Directory to) -Method SendFile -Debug }; Says = '*/tree/b: sendfile: *, 100 bytes' }
        @{ Name = 'Invoke-PipelineZeroCopy'; Call = { Invoke-PipelineZeroCopy { cat | wc -c } -InputPath a -Debug }; Says = '*: posix_spawn: 2 calls' }
        @{ Name = 'Copy-StreamZeroCopy'; Call = { Copy-StreamZeroCopy a b, c -Debug }; Says = '*/a: tee: *' }
        @{ Name = 'Split-ItemZeroCopy'; Call = { Split-ItemZeroCopy a to -PartCount 2 -Reflink Never -Debug }; Says = '*/a: sendfile: 2 calls, 300000 bytes' }
        @{ Name = 'New-SplicePipe'; Call = { (New-SplicePipe -Debug).Dispose() }; Says = '*: pipe2: 1 call' }
        @{ Name = 'Test-ZeroCopy'; Call = { Test-ZeroCopy a copy -Debug }; Says = '*/a: statx: *' }
    ) {
        @(@(Get-Told $Call Debug) -like $Says).Count | Should -BeGreaterThan 0
    }

    It 'is silent otherwise' {
        Get-Told { Copy-ItemZeroCopy a copy } Debug | Should -BeNullOrEmpty
    }
}
