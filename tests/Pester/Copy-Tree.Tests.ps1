BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"

    # A folder with what folders have: files large and empty, folders, links that lead to files, folders and nowhere.
    function Initialize-Site([string] $Path) {
        $null = [IO.Directory]::CreateDirectory("$Path/img/icons")
        $null = [IO.Directory]::CreateDirectory("$Path/empty folder")
        [IO.File]::WriteAllText("$Path/index.html", 'index')
        [IO.File]::WriteAllText("$Path/.hidden", 'hidden')
        [IO.File]::WriteAllBytes("$Path/empty", @())
        [IO.File]::WriteAllBytes("$Path/img/photo[1].jpg", (Get-TestByte 300000))
        [IO.File]::WriteAllText("$Path/img/icons/a b.svg", 'icon')
        ln -s index.html "$Path/home.html"
        ln -s img "$Path/pictures"
        ln -s nowhere "$Path/img/dangling"
        chmod 0640 "$Path/index.html"
        chmod 0711 "$Path/img"
        touch -d '2001-02-03 04:05:06.123456789 UTC' "$Path/index.html"
        touch -d '2002-03-04 05:06:07.987654321 UTC' "$Path/img"
    }
}

Describe 'Copy-ItemZeroCopy -Recurse' {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $script:site = "$folder/site"
        Initialize-Site $site
        Push-Location -LiteralPath $folder
    }

    AfterEach {
        Pop-Location
        Assert-Closed $folder
        Wait-Until { -not (Get-CopyThread) } 'the threads have ended'
    }

    Context 'a folder' {
        It 'becomes the destination, where that is not there' {
            $result = Copy-ItemZeroCopy site copy -Recurse
            Get-Tree copy '%T@' | Should -Be (Get-Tree site '%T@')
            $result.Source | Should -BeExactly $site
            $result.Destination | Should -BeExactly "$folder/copy"
        }

        It 'goes into the destination, where that is a folder' {
            $null = New-Item -ItemType Directory backup
            (Copy-ItemZeroCopy site backup -Recurse).Destination | Should -BeExactly "$folder/backup/site"
            (Copy-ItemZeroCopy site/ backup/site/ -Recurse).Destination | Should -BeExactly "$folder/backup/site/site"
            Get-Tree backup/site/site '%T@' | Should -Be (Get-Tree site '%T@')
        }

        It 'is the one that the user is in' {
            Set-Location site/img
            (Copy-ItemZeroCopy . ../../copy -Recurse).Source | Should -BeExactly "$site/img"
            Get-Tree "$folder/copy" | Should -Be (Get-Tree "$site/img")
        }

        It 'takes what is in the other one with a wildcard, as Copy-Item does' {
            $null = New-Item -ItemType Directory theirs, ours
            # Copy-Item would follow the links, and not keep the modes of folders.
            find site -type l -delete
            chmod 0755 site/img
            Copy-Item site/* theirs -Recurse
            $results = Copy-ItemZeroCopy site/* ours -Recurse
            Get-Tree ours | Should -Be (Get-Tree theirs)
            $results.Count | Should -Be (Get-ChildItem ours).Count
        }

        It 'merges with one that is there, which keeps what it is' {
            $null = New-Item -ItemType Directory backup/site/img, backup/site/more
            Set-Content backup/site/index.html, backup/site/img/own 'old'
            chmod 0700 backup/site/img
            touch -d '2020-01-01' backup/site/img
            $result = Copy-ItemZeroCopy site backup -Recurse
            $result.Failed | Should -Be 0
            Get-Content backup/site/index.html | Should -BeExactly 'index'
            Get-Content backup/site/img/own | Should -BeExactly 'old'
            'backup/site/more', 'backup/site/img/icons/a b.svg' | Should -Exist
            stat --format %a backup/site/img | Should -Be 700
            stat --format %a backup/site/img/icons | Should -Be (stat --format %a site/img/icons)
        }

        It 'may be copied twice' {
            Copy-ItemZeroCopy site copy -Recurse
            $null = New-Item -ItemType Directory backup
            Move-Item copy backup/site
            $again = Copy-ItemZeroCopy site backup -Recurse
            $again.Failed | Should -Be 0
            Get-Tree backup/site | Should -Be (Get-Tree site)
        }

        It 'whose names are no text is copied' {
            sh -c 'printf 1 > "$(printf ''site/a\377'')"; ln -s "$(printf ''to\376'')" "$(printf ''site/link\375'')"'
            try {
                $result = Copy-ItemZeroCopy site copy -Recurse
                $result.Failed | Should -Be 0
                find copy -mindepth 1 -printf '%P %l\n' | sort | od -c | Should -Be (find site -mindepth 1 -printf '%P %l\n' | sort | od -c)
            }
            finally {
                sh -c 'rm -r site/a* site/link* copy'
            }
        }

        It 'is what a link leads to, where its name ends in a slash' {
            ln -s site way
            Copy-ItemZeroCopy way link -Recurse
            (Get-Item link).LinkTarget | Should -BeExactly 'site'
            (Copy-ItemZeroCopy way/ copy -Recurse).DirectoryCount | Should -BeGreaterThan 1
            Get-Tree copy | Should -Be (Get-Tree site)
        }
    }

    Context 'what is no folder' {
        It 'a file' {
            $result = Copy-ItemZeroCopy site/index.html copy -Recurse
            Get-Content copy | Should -BeExactly 'index'
            $result.FileCount | Should -Be 1
            $result.DirectoryCount | Should -Be 0
            $result.Offset | Should -Be 0
        }

        It 'a file, with a range' {
            (Copy-ItemZeroCopy site/index.html copy -Recurse -Offset 1 -Count 2).BytesCopied | Should -Be 2
            Get-Content copy | Should -BeExactly 'nd'
        }

        It 'a link stays a link; without -Recurse it is followed' {
            $result = Copy-ItemZeroCopy site/home.html link -Recurse
            (Get-Item link).LinkTarget | Should -BeExactly 'index.html'
            $result.FileCount | Should -Be 1
            $result.BytesCopied | Should -Be 0
            Copy-ItemZeroCopy site/home.html file
            (Get-Item file).LinkTarget | Should -BeNullOrEmpty
            Get-Content file | Should -BeExactly 'index'
        }

        It 'a link takes the place of a file, and of no folder' {
            Set-Content old 'old'
            Copy-ItemZeroCopy site/img/dangling old -Recurse
            (Get-Item old -Force).LinkTarget | Should -BeExactly 'nowhere'
            $null = New-Item -ItemType Directory to/dangling
            $failure = Get-Failure { Copy-ItemZeroCopy site/img/dangling to -Recurse }
            Assert-Failure $failure -Id 'DestinationExists,Splice.Commands.CopyItemZeroCopyCommand' -Category ResourceExists -Target "$folder/to/dangling"
        }

        It 'special files are left out with a warning each, and are made with -Preserve All' {
            mkfifo -m 0604 site/fifo
            $result = Copy-ItemZeroCopy site copy -Recurse -WarningVariable warnings -WarningAction SilentlyContinue
            $warnings | Should -BeExactly "'$site/fifo' is a special file (Fifo) and was skipped. Use -Preserve All to recreate it."
            'copy/fifo' | Should -Not -Exist
            $result.Failed | Should -Be 0
            Copy-ItemZeroCopy site all -Recurse -Preserve All
            stat --format '%F %a' all/fifo | Should -Be 'fifo 604'
            Copy-ItemZeroCopy site/fifo single -Recurse -Preserve All
            stat --format '%F %a' single | Should -Be 'fifo 604'
        }
    }

    Context 'the result' {
        It 'is one for the folder, with its sums' {
            $result = Copy-ItemZeroCopy site copy -Recurse
            $result | Should -BeOfType Splice.TransferResult
            $result.FileCount | Should -Be @(find site '!' -type d).Count
            $result.DirectoryCount | Should -Be @(find site -type d).Count
            $result.Failed | Should -Be 0
            $result.BytesCopied | Should -Be (find site -type f -printf '%s\n' | Measure-Object -Sum).Sum
            $result.Method | Should -Not -BeNullOrEmpty
            $result.SystemCalls | Should -BeGreaterThan $result.FileCount
            $result.Elapsed | Should -BeGreaterThan ([timespan]::Zero)
            $result.Offset, $result.DestinationOffset, $result.Count | Should -Be $null, $null, $null
        }

        It 'is one for each path' {
            $null = New-Item -ItemType Directory backup
            $results = Copy-ItemZeroCopy site/img, site/index.html, 'site/e*' backup -Recurse
            $results.Source | Should -Be "$site/img", "$site/index.html", "$site/empty folder", "$site/empty"
            $results.DirectoryCount | Should -Be 2, 0, 1, 0
        }

        It 'is one for each file, with -PerFile' {
            $results = Copy-ItemZeroCopy site copy -Recurse -PerFile
            $results.Source | Sort-Object -CaseSensitive | Should -Be (find $site '!' -type d | Sort-Object -CaseSensitive)
            $results.Destination | Sort-Object -CaseSensitive | Should -Be (find "$folder/copy" '!' -type d | Sort-Object -CaseSensitive)
            ($results.BytesCopied | Measure-Object -Sum).Sum | Should -Be (find site -type f -printf '%s\n' | Measure-Object -Sum).Sum
            $results.FileCount | Sort-Object -Unique | Should -Be 1
            ($results | Where-Object Source -EQ "$site/home.html").Method | Should -BeNullOrEmpty
        }

        It 'is there for a file that is named, with -PerFile too' {
            (Copy-ItemZeroCopy site/index.html copy -Recurse -PerFile).Destination | Should -BeExactly "$folder/copy"
            (Copy-ItemZeroCopy site/home.html link -Recurse -PerFile).Destination | Should -BeExactly "$folder/link"
            (Copy-ItemZeroCopy site/index.html other -PerFile).Destination | Should -BeExactly "$folder/other"
        }

        It 'goes into Get-Item and Get-FileHash' {
            (Copy-ItemZeroCopy site copy -Recurse | Get-Item).FullName | Should -BeExactly "$folder/copy"
            Remove-Item site/img/dangling
            $hashes = Copy-ItemZeroCopy site again -Recurse -PerFile -Filter '*g' | Get-FileHash
            $hashes.Path | Sort-Object | Should -Be "$folder/again/img/icons/a b.svg", "$folder/again/img/photo[1].jpg"
            $hashes.Hash | Sort-Object | Should -Be ((Get-Hash "$site/img/icons/a b.svg"), (Get-Hash "$site/img/photo[1].jpg") | Sort-Object)
        }

        It 'comes while the copy goes on, and Select-Object -First ends it' {
            $memory = Add-ManyFile
            (Copy-ItemZeroCopy $memory/many $memory/copy -Recurse -PerFile | Select-Object -First 1).FileCount | Should -Be 1
            # No more than so many results wait for whoever takes them.
            [IO.Directory]::GetFiles("$memory/copy").Count | Should -BeLessThan 1500
            Remove-Item -Recurse $memory
        }

        It 'is what other cmdlets and scripts expect, in the strictest mode' {
            $done = pwsh -NoProfile -NonInteractive -Command "
                Set-StrictMode -Version Latest
                `$ErrorActionPreference = 'Stop'
                Import-Module '$((Get-Module Splice).Path)'
                Copy-ItemZeroCopy '$site' '$folder/a' -Recurse -Include `$null -Exclude @() -Filter '' | Out-String -Width 200 | Out-Null
                Copy-ItemZeroCopy '$site' '$folder/b' -Recurse -PerFile -Preserve All | Format-List * | Out-String | Out-Null
                'done'"
            $done | Should -Be 'done'
            Get-Tree b | Should -Be (Get-Tree site)
        }
    }

    Context '-FollowSymlink' {
        It 'copies what links lead to' {
            Remove-Item site/img/dangling
            [IO.File]::WriteAllText("$folder/outside", 'outside')
            ln -s "$folder/outside" site/far
            $result = Copy-ItemZeroCopy site copy -Recurse -FollowSymlink
            $result.Failed | Should -Be 0
            find copy -type l | Should -BeNullOrEmpty
            Get-Content copy/home.html | Should -BeExactly 'index'
            Get-Content copy/far | Should -BeExactly 'outside'
            Get-Tree copy/pictures | Should -Be (Get-Tree site/img)
        }

        It 'follows the link that is named' {
            Remove-Item site/img/dangling
            ln -s site way
            (Copy-ItemZeroCopy way copy -Recurse -FollowSymlink).DirectoryCount | Should -BeGreaterThan 3
            (Get-Item copy).LinkTarget | Should -BeNullOrEmpty
            Get-Content copy/img/icons/* | Should -BeExactly 'icon'
        }

        It 'takes links to nowhere, and links back, as errors' {
            ln -s . site/img/loop
            ln -s ../copy site/ahead
            $failure = Get-Failure { $script:result = Copy-ItemZeroCopy site copy -Recurse -FollowSymlink }
            # img is there twice: the link to it is followed.
            $failure.TargetObject | Sort-Object | Should -Be @(
                "$site/ahead", "$site/img/dangling", "$site/img/loop", "$site/pictures/dangling", "$site/pictures/loop"
            )
            ($failure | Where-Object TargetObject -Like '*dangling').FullyQualifiedErrorId | Should -BeLike 'SourceNotFound,*'
            ($failure | Where-Object TargetObject -NotLike '*dangling').FullyQualifiedErrorId | Should -BeLike 'CopyIntoItself,*'
            $result.Failed | Should -Be 5
            'copy/pictures/icons/a b.svg' | Should -Exist
        }
    }

    Context '-Method, -Flags and -PipeSize' {
        It '<_> moves the bytes of each file that way' -ForEach 'CopyFileRange', 'SendFile', 'Splice', 'ReadWrite' {
            $results = Copy-ItemZeroCopy site copy -Recurse -PerFile -Method $_
            $results.Method | Where-Object { $_ } | Sort-Object -Unique | Should -Be $_
            Get-Hash copy/img/photo[1].jpg | Should -Be (Get-Hash site/img/photo[1].jpg)
        }

        It '-Flags choose splice' {
            $result = Copy-ItemZeroCopy site copy -Recurse -Flags More -PipeSize 64KB
            $result.Method | Should -Be Splice
            $result.Flags | Should -Be More
            Get-Tree copy | Should -Be (Get-Tree site)
        }

        It '-Flags do not go with another method' {
            $failure = Get-Failure { Copy-ItemZeroCopy site copy -Recurse -Flags More -Method SendFile }
            Assert-Failure $failure -Id 'MethodNotPossible,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidOperation -Target "$folder/copy" -Says '-Method Splice'
            'copy' | Should -Not -Exist
        }
    }

    Context '-ThrottleLimit' {
        It '<_> is how many work at once' -ForEach 1, 3, 20 {
            # Nobody is done before somebody takes the results.
            $memory = Add-ManyFile
            $script:threads = @()
            Copy-ItemZeroCopy $memory/many $memory/copy -Recurse -PerFile -ThrottleLimit $_ | ForEach-Object {
                if (-not $threads) {
                    Wait-Until { (Get-CopyThread).Count -ge $limit } 'the threads'
                    $script:threads = Get-CopyThread
                }
            } -Begin { $limit = $_ }
            $threads.Count | Should -Be $_
            [IO.Directory]::GetFiles("$memory/copy").Count | Should -Be 1500
            Remove-Item -Recurse $memory
        }

        It '<_> is none' -ForEach 0, -1, 1025 {
            { Copy-ItemZeroCopy site copy -Recurse -ThrottleLimit $_ } |
                Should -Throw -ErrorId 'ParameterArgumentValidationError,Splice.Commands.CopyItemZeroCopyCommand'
        }
    }

    Context '-NoClobber and -Force' {
        It '-NoClobber leaves what is there, and adds what is not' {
            $null = New-Item -ItemType Directory copy/img
            Set-Content -LiteralPath copy/index.html, copy/img/photo[1].jpg 'old'
            $failure = Get-Failure { $script:result = Copy-ItemZeroCopy site/* copy -Recurse -NoClobber }
            $failure.FullyQualifiedErrorId | Should -Be (@('DestinationExists,Splice.Commands.CopyItemZeroCopyCommand') * 2)
            $failure.TargetObject | Sort-Object | Should -Be "$folder/copy/img/photo[1].jpg", "$folder/copy/index.html"
            Get-Content -LiteralPath copy/index.html, copy/img/photo[1].jpg | Should -Be 'old', 'old'
            'copy/img/icons/a b.svg' | Should -Exist
            ($result | Where-Object Source -EQ "$site/img").Failed | Should -Be 1
        }

        It '-Force replaces files that are read-only, for any user' {
            $module = Copy-ModuleForAll
            chmod 0777 $folder
            chmod -R a+rX site
            $failures = Invoke-PlainUser "
                Set-Location '$folder'
                Import-Module '$module'
                `$null = Copy-ItemZeroCopy site copy -Recurse
                chmod 0444 copy/index.html
                `$null = Copy-ItemZeroCopy site/* copy -Recurse -ErrorAction SilentlyContinue -ErrorVariable failed
                `$failed.FullyQualifiedErrorId
                `$failed.TargetObject
                `$null = Copy-ItemZeroCopy site/* copy -Recurse -Force -ErrorVariable again
                `$again.Count"
            $failures | Should -Be 'PermissionDenied,Splice.Commands.CopyItemZeroCopyCommand', "$folder/copy/index.html", '0'
        }
    }

    Context '-Resume after a restart of the system' {
        BeforeAll {
            # Goes on with the copy where the system was started some seconds before or after now.
            function Invoke-Resume([int] $StartedAfter) {
                $start = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds() + $StartedAfter
                (Get-Content /proc/stat) -replace '^btime .*', "btime $start" | Set-Content "$folder/stat"
                $script = "
                    Set-Location '$folder'
                    Import-Module '$PSScriptRoot/../../out/Splice/Splice.psd1'
                    Copy-ItemZeroCopy site to -Recurse -Resume | ForEach-Object { `$_.FileCount, `$_.Unchanged -join ' ' }"
                $encoded = [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($script))
                $program, $first = Get-BindMountCommand "$folder/stat" /proc/stat
                & $program @first pwsh -NoProfile -NonInteractive -EncodedCommand $encoded
            }
        }

        BeforeEach {
            Skip-WithoutRoot
            # Without links, so that only files count.
            Get-ChildItem site -Recurse | Where-Object LinkType | Remove-Item
            $null = New-Item -ItemType Directory to
            $null = Copy-ItemZeroCopy site to -Recurse
            # What a power failure leaves of a file whose blocks the disk had, but not their data.
            head --bytes=300000 /dev/zero > 'to/site/img/photo[1].jpg'
            touch -r 'site/img/photo[1].jpg' 'to/site/img/photo[1].jpg'
        }

        It 'compares what was made before that, and copies what differs' {
            Invoke-Resume -StartedAfter 100 | Should -Be '5 4'
            Get-Hash 'to/site/img/photo[1].jpg' | Should -Be (Get-Hash 'site/img/photo[1].jpg')
            Get-Tree to/site '%T@' | Should -Be (Get-Tree site '%T@')
        }

        It 'does not read what was made after that' {
            Invoke-Resume -StartedAfter -100 | Should -Be '5 5'
            Get-Hash 'to/site/img/photo[1].jpg' | Should -Not -Be (Get-Hash 'site/img/photo[1].jpg')
        }

        It 'copies what has a hole where its source has data, whenever it was made' {
            # What a power failure leaves of a file that the disk had only the size of.
            truncate --size=0 'to/site/img/photo[1].jpg'
            truncate --size=300000 'to/site/img/photo[1].jpg'
            touch -r 'site/img/photo[1].jpg' 'to/site/img/photo[1].jpg'
            Invoke-Resume -StartedAfter -100 | Should -Be '5 4'
            Get-Hash 'to/site/img/photo[1].jpg' | Should -Be (Get-Hash 'site/img/photo[1].jpg')
        }
    }

    Context '-WhatIf and -Confirm' {
        It '-WhatIf touches nothing' {
            $null = New-Item -ItemType Directory backup/site
            $before = Get-Tree . '%T@'
            Copy-ItemZeroCopy site, site/index.html backup -Recurse -WhatIf | Should -BeNullOrEmpty
            Get-ChildItem site | Copy-ItemZeroCopy -Destination missing -Recurse -Force -PerFile -WhatIf | Should -BeNullOrEmpty
            Get-Tree . '%T@' | Should -Be $before
        }

        It '-WhatIf names each path that would be copied, and none that would not' {
            $shown = pwsh -NoProfile -NonInteractive -Command "
                Import-Module '$((Get-Module Splice).Path)'
                Set-Location '$folder'
                Copy-ItemZeroCopy site/* copy -Recurse -Exclude *.html, p* -WhatIf"
            $shown -like '*"Copy Folder"*' | Should -Be @(
                foreach ($name in 'empty folder', 'img') {
                    "What if: Performing the operation `"Copy Folder`" on target `"Item: $site/$name Destination: $folder/copy/$name`"."
                }
            )
            $shown | Should -Contain "What if: Performing the operation `"Copy File`" on target `"Item: $site/empty Destination: $folder/copy/empty`"."
            $shown -match '\.html' | Should -BeNullOrEmpty
        }

        It '-Confirm asks once for a folder: <Answer>' -ForEach @(@{ Answer = 'y'; Copies = $true }, @{ Answer = 'n'; Copies = $false }) {
            $shown = $Answer | pwsh -NoProfile -Command "
                Import-Module '$((Get-Module Splice).Path)'
                Copy-ItemZeroCopy '$site' '$folder/copy' -Recurse -Confirm | ForEach-Object FileCount"
            @($shown -like '*Performing the operation "Copy Folder"*').Count | Should -Be 1
            Test-Path copy | Should -Be $Copies
        }
    }

    Context 'at once' {
        BeforeEach {
            Initialize-Site "$folder/other"
            [IO.File]::WriteAllText("$folder/other/only", 'other')
            $script:module = (Get-Module Splice).Path
        }

        It 'two trees, in ForEach-Object -Parallel' {
            $results = 'site', 'other' | ForEach-Object -Parallel {
                Import-Module $using:module
                Copy-ItemZeroCopy "$using:folder/$_" "$using:folder/$_.copy" -Recurse
            }
            $results.Failed | Should -Be 0, 0
            Get-Tree site.copy '%T@' | Should -Be (Get-Tree site '%T@')
            Get-Tree other.copy '%T@' | Should -Be (Get-Tree other '%T@')
        }

        It 'two trees, in Start-ThreadJob' {
            if (-not (Get-Command Start-ThreadJob -ErrorAction Ignore)) {
                Set-ItResult -Skipped -Because 'there is no module ThreadJob here'
                return
            }

            $jobs = foreach ($name in 'site', 'other') {
                Start-ThreadJob -ArgumentList $module, "$folder/$name" {
                    Import-Module $args[0]
                    Copy-ItemZeroCopy $args[1] "$($args[1]).copy" -Recurse -PerFile
                }
            }
            $results = $jobs | Receive-Job -Wait -AutoRemoveJob
            $results.Count | Should -Be @(find site other '!' -type d).Count
            Get-Tree site.copy '%T@' | Should -Be (Get-Tree site '%T@')
            Get-Tree other.copy '%T@' | Should -Be (Get-Tree other '%T@')
        }

        It 'one command that takes another one''s results' {
            $null = New-Item -ItemType Directory first, second
            $results = Copy-ItemZeroCopy site/img, site/index.html first -Recurse | Copy-ItemZeroCopy -Destination second -Recurse
            $results.Source | Should -Be "$folder/first/img", "$folder/first/index.html"
            Get-Tree second | Should -Be (Get-Tree first)
        }
    }

    Context 'progress' {
        It 'has files, bytes and a rate; in the end it goes away' {
            # Whoever takes the results slowly makes a copy take long.
            $null = New-Item -ItemType Directory many
            1..40 | ForEach-Object { [IO.File]::WriteAllBytes("$folder/many/$_", [byte[]]::new(1024)) }
            $background = Invoke-Background 'Copy-ItemZeroCopy $args[0] $args[1] -Recurse -PerFile | ForEach-Object { Start-Sleep -Milliseconds 100 }' "$folder/many", "$folder/copy"
            Wait-Background $background
            $background.Shell.Streams.Error | Should -BeNullOrEmpty
            $records = @($background.Shell.Streams.Progress)
            $shown = @($records | Where-Object RecordType -EQ Processing)
            $shown.Count | Should -BeGreaterThan 1
            $shown.Activity | Sort-Object -Unique | Should -BeExactly "Copying $folder/many"
            $shown.StatusDescription | Should -Match '^[\d.]+ \w*B( of 40\.0 KiB)?, \d+( of 40)? files, [\d.]+ \w*B/s$'
            # It is counted how many there are, once it takes long.
            $shown[-1].StatusDescription | Should -Match '^40\.0 KiB of 40\.0 KiB, 40 of 40 files'
            $shown[-1].PercentComplete | Should -Be 100
            $records[-1].RecordType | Should -Be Completed
            $background.Shell.Dispose()
        }

        It 'is none where it is quick' {
            $background = Invoke-Background 'Copy-ItemZeroCopy $args[0] $args[1] -Recurse' $site, "$folder/copy"
            Wait-Background $background
            $background.Output.FileCount | Should -BeGreaterThan 3
            $shown = @($background.Shell.Streams.Progress)
            $background.Shell.Dispose()
            if ($background.Output.Elapsed.TotalSeconds -ge 1) { Set-ItResult -Skipped -Because 'the copy took over a second' }
            $shown | Should -BeNullOrEmpty
        }
    }
}
